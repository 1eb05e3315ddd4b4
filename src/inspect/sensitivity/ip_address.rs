//! Network addresses, IPv4 and IPv6. Those that say nothing (loopback, documentation, unspecified,
//! multicast) and version numbers are left out.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use core::net::{Ipv4Addr, Ipv6Addr};
use smallvec::SmallVec;
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &IpAddress;

struct IpAddress;

const NAMES: &[&str] = &[
    "ip",
    "ip address",
    "ip_address",
    "ipaddress",
    "ipv4",
    "ipv6",
    "client ip",
    "remote_addr",
    "remote addr",
    "server ip",
    "host ip",
    "gateway",
    "dns server",
    "subnet",
    "ip地址",
    "ip-adresse",
    "adresse ip",
    "dirección ip",
    "indirizzo ip",
    "ip-адрес",
];

impl Detector for IpAddress {
    fn labels(&self) -> &'static [Label] {
        &[Label::NetworkIpAddress]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Digits(1)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Digits(groups) = anchor else { return };
        for four in groups.windows(4) {
            found.extend(four_groups(ask, four));
        }
        for group in groups.iter().filter(|group| is_by_colon(ask.text, group)) {
            let span = six(ask.text, group.start);
            found.extend(span.map(|span| Hit::by_shape(Label::NetworkIpAddress, span)));
        }
    }
}

fn four_groups(ask: &Ask<'_>, groups: &[Range<usize>]) -> Option<Hit> {
    let text = ask.text;
    let (first, last) = (groups.first()?, groups.last()?);
    let span = first.start..last.end;
    let mut address: SmallVec<[u8; 4]> = SmallVec::new();
    let mut end = None;
    for group in groups {
        let is_dotted = end.is_none_or(|end| text.part(end..group.start) == b".");
        if !is_dotted || group.len() > 3 || (group.len() > 1 && text.at(group.start) == b'0') {
            return None;
        }
        address.push(u8::try_from(check::number(text.part(group.clone()))).ok()?);
        end = Some(group.end);
    }
    let address: [u8; 4] = address.into_inner().ok()?;
    let is_longer = (text.at(span.end) == b'.' && text.at(span.end + 1).is_ascii_digit())
        || (text.before(span.start) == b'.'
            && text.before(span.start.saturating_sub(1)).is_ascii_digit());
    let is_version = matches!(text.before(span.start), b'v' | b'V') || is_small(address);
    let is_ip = !is_longer
        && text.opens(span.start)
        && text.closes(span.end)
        && (!is_public_knowledge(address) || (is_multicast(address) && ask.named(&span)))
        && (!is_version || ask.named(&span));
    is_ip.then(|| Hit::by_shape(Label::NetworkIpAddress, span))
}

/// Four small numbers are a version rather than an address, unless they are named.
fn is_small(address: [u8; 4]) -> bool {
    let [first, second, third, _] = address;
    first < 32 && second < 64 && third < 64 && first != 10
}

/// Addresses that everyone has or that stand in documentation.
fn is_public_knowledge(address: [u8; 4]) -> bool {
    let ip = Ipv4Addr::from(address);
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_documentation()
        || ip.is_broadcast()
        || ip.is_multicast()
        || matches!(address, [255 | 0, ..] | [8, 8, 8 | 4, _] | [1, 1, 1, 1])
}

/// Groups that machines listen to: worth a word only where somebody names them.
fn is_multicast(address: [u8; 4]) -> bool {
    Ipv4Addr::from(address).is_multicast()
}

/// Whether digits stand in a group of hexadecimal ones with a colon beside it.
fn is_by_colon(text: &Text<'_>, group: &Range<usize>) -> bool {
    let start = text.run_back_max(group.start, 4, |byte| byte.is_ascii_hexdigit());
    let end = text.run_max(group.end, 4, |byte| byte.is_ascii_hexdigit());
    text.before(start) == b':' || text.at(end) == b':'
}

fn six(text: &Text<'_>, inside: usize) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    let start = text.run_back_max(inside, 40, is_part);
    let end = text.run_max(inside, 40, is_part);
    let is_lone = text.at(start) == b':' && text.at(start + 1) != b':';
    let start = start + usize::from(is_lone);
    let end = if text.before(end) == b':' && text.before(end - 1) != b':' { end - 1 } else { end };
    let token = text.part(start..end);
    if token.len() < 7 || !text.opens(start) || !text.closes(end) {
        return None;
    }
    let ip: Ipv6Addr = std::str::from_utf8(token).ok()?.parse().ok()?;
    let is_documentation = matches!(ip.segments(), [0x2001, 0xDB8, ..]);
    let is_telling =
        !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && !is_documentation;
    is_telling.then_some(start..end)
}
