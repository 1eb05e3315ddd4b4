//! Employee and staff numbers: told by the word beside them.

use super::number::{Loose, digits};
use super::{Detector, Label, Pack};

pub(super) const DETECTOR: &dyn Detector =
    &Loose { labels: &[Label::BusinessEmployeeId], pack: Pack::Generic, names: NAMES, fits };

const NAMES: &[&str] = &[
    "employee id",
    "employee number",
    "employee no",
    "employee_id",
    "employeeid",
    "employee #",
    "staff number",
    "staff id",
    "staff no",
    "staff_id",
    "personnel number",
    "personnel no",
    "badge number",
    "worker id",
    "emp id",
    "emp no",
    "emp_id",
    "empid",
    "工号",
    "员工编号",
    "员工号",
    "职工号",
    "工牌号",
    "gonghao",
    "personalnummer",
    "mitarbeiternummer",
    "matricule",
    "numéro d'employé",
    "número de empleado",
    "legajo",
    "matricola",
    "matrícula do funcionário",
    "personeelsnummer",
    "numer pracownika",
    "табельный номер",
    "社員番号",
    "従業員番号",
    "사번",
    "사원번호",
    "personel numarası",
    "sicil no",
    "mã nhân viên",
    "anställningsnummer",
    "payroll number",
    "payroll no",
    "personal-nr",
    "employee code",
    "emp code",
    "员工ID",
];

fn fits(code: &[u8]) -> bool {
    (4..=12).contains(&code.len()) && digits(code) >= 4
}
