//! Serial numbers of mobile phones (IMEI): fifteen digits with a Luhn digit; the words beside it
//! decide.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::DeviceImei],
    pack: Pack::Generic,
    names: NAMES,
    shapes: &["###############", "## ###### ###### #", "### ### ### ### ###"],
    grade,
    alone: Alone::Never,
};

const NAMES: &[&str] = &[
    "imei",
    "imei number",
    "imei no",
    "imei1",
    "imei2",
    "device imei",
    "imei码",
    "手机串号",
    "串号",
    "设备号",
    "equipment identity",
];

fn grade(digits: &[u8]) -> Grade {
    if check::luhn(digits) && check::distinct(digits) > 2 { Grade::Checked } else { Grade::Wrong }
}
