//! Driving licences: every state and country has its own form, so the word beside the number decides.

use super::number::{Loose, digits};
use super::{Detector, Label, Pack};

pub(super) const DETECTOR: &dyn Detector =
    &Loose { labels: &[Label::IdentityDriverLicense], pack: Pack::Generic, names: NAMES, fits };

const NAMES: &[&str] = &[
    "driver license",
    "driver's license",
    "drivers license",
    "driver’s license",
    "driver licence",
    "driver's licence",
    "driving licence",
    "driving license",
    "drivers_license",
    "driver_license",
    "driverlicense",
    "driverslicense",
    "license number",
    "licence number",
    "dl number",
    "dl no",
    "dl_number",
    "dlnumber",
    "dl#",
    "dl",
    "driver's license number",
    "permit to drive",
    "驾驶证",
    "驾驶证号",
    "驾照",
    "驾照号",
    "驾驶执照",
    "jsz",
    "führerschein",
    "führerscheinnummer",
    "fuehrerschein",
    "permis de conduire",
    "numéro de permis",
    "licencia de conducir",
    "permiso de conducir",
    "carnet de conducir",
    "patente",
    "patente di guida",
    "carteira de motorista",
    "carteira de habilitação",
    "cnh",
    "carta de condução",
    "rijbewijs",
    "rijbewijsnummer",
    "prawo jazdy",
    "водительское удостоверение",
    "водительских прав",
    "運転免許",
    "運転免許証",
    "免許証番号",
    "운전면허",
    "운전면허번호",
    "رخصة القيادة",
    "ehliyet",
    "sürücü belgesi",
    "ड्राइविंग लाइसेंस",
    "giấy phép lái xe",
    "bằng lái",
    "körkort",
    "körkortsnummer",
];

fn fits(code: &[u8]) -> bool {
    (6..=20).contains(&code.len()) && digits(code) >= 5
}
