//! Hardware addresses of network cards: six pairs of hexadecimal digits.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};

pub(super) const DETECTOR: &dyn Detector = &MacAddress;

struct MacAddress;

impl Detector for MacAddress {
    fn labels(&self) -> &'static [Label] {
        &[Label::NetworkMacAddress]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        &[
            "mac",
            "mac address",
            "mac_address",
            "macaddress",
            "mac地址",
            "hwaddr",
            "ether",
            "bssid",
            "物理地址",
        ]
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Digits(1), Wake::Tokens]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        match anchor {
            Anchor::Digits(groups) => {
                for group in *groups {
                    let signs = [
                        text.at(group.start + 2),
                        text.at(group.end),
                        text.at(group.start + 1),
                        text.before(group.start),
                    ];
                    if signs.iter().any(|byte| matches!(byte, b':' | b'-')) {
                        found.extend(mac(text, group.start));
                    }
                }
            }
            Anchor::Token(token) => found.extend(mac(text, token.start)),
            Anchor::Word(_)
            | Anchor::Name(_)
            | Anchor::Code(_)
            | Anchor::Shape(..)
            | Anchor::Number(..) => {}
        }
    }
}

/// Six pairs with the same sign between them, around this place.
fn mac(text: &Text<'_>, inside: usize) -> Option<Hit> {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-');
    let start = text.run_back_max(inside, 17, is_part);
    let start = text.run_max(start, 2, |byte| matches!(byte, b':' | b'-'));
    let end = text.run_max(inside, 18, is_part);
    let span = start..end;
    let token = text.part(span.clone());
    let sign = token.get(2).copied().unwrap_or(0);
    let is_mac = token.len() == 17
        && matches!(sign, b':' | b'-')
        && text.opens(start)
        && token.iter().enumerate().all(|(index, byte)| (*byte == sign) == (index % 3 == 2))
        && check::distinct(token) > 3;
    is_mac.then(|| Hit::by_shape(Label::NetworkMacAddress, span))
}
