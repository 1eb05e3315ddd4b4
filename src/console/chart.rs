//! Charts as SVG: columns of stacked parts, and one bar cut into parts. Colours are the style sheet's.

use maud::{Markup, html};

/// One column: its name and its parts, from the bottom up.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) parts: Vec<f64>,
}

const WIDTH: f64 = 500.0;
const HEIGHT: f64 = 170.0;
/// Room for numbers at the left and names below.
const LEFT: f64 = 52.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 8.0;

/// Stacked columns. `kinds` are (class, name) of the parts; `number` writes a value of the axis, whose
/// steps are at least `least`.
pub(super) fn columns(
    about: &str,
    kinds: &[(&str, &str)],
    columns: &[Column],
    (least, number): (f64, impl Fn(f64) -> String),
) -> Markup {
    let highest = columns.iter().map(|it| it.parts.iter().sum::<f64>()).fold(0.0, f64::max);
    let (step, top) = scale(highest, least);
    let plot = HEIGHT - ABOVE - BELOW;
    let y = |value: f64| ABOVE + plot - value / top * plot;
    let slot = (WIDTH - LEFT) / steps(columns.len().max(1));
    let every = columns.len().div_ceil(8).max(1);
    let lines =
        (0..=5).map(|line| f64::from(line) * step).take_while(|value| *value <= top * 1.001);
    html! {
        figure.chart {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(about) {
                @for value in lines {
                    line.grid x1=(LEFT) x2=(WIDTH) y1=(round(y(value))) y2=(round(y(value))) {}
                    text.axis x=(LEFT - 8.0) y=(round(y(value) + 4.0)) text-anchor="end" { (number(value)) }
                }
                @for (index, column) in columns.iter().enumerate() {
                    @let x = LEFT + slot * steps(index);
                    g {
                        title { (column.name) ": " (told(column, kinds, &number)) }
                        // The whole slot answers to the pointer.
                        rect.slot x=(round(x)) y=(ABOVE) width=(round(slot)) height=(plot) {}
                        @for (part, (class, _)) in kinds.iter().enumerate() {
                            @let below: f64 = column.parts.iter().take(part).sum();
                            @let value = column.parts.get(part).copied().unwrap_or(0.0);
                            @if value > 0.0 {
                                rect class=(class) x=(round(x + slot * 0.14)) width=(round(slot * 0.72))
                                    y=(round(y(below + value))) height=(round((y(below) - y(below + value)).max(0.8))) {}
                            }
                        }
                    }
                    @if index % every == 0 {
                        text.axis x=(round(x + slot / 2.0)) y=(HEIGHT - 6.0) text-anchor="middle" { (column.name) }
                    }
                }
            }
            @if kinds.len() > 1 { (legend(kinds)) }
        }
    }
}

fn told(column: &Column, kinds: &[(&str, &str)], number: &impl Fn(f64) -> String) -> String {
    let parts = column.parts.iter().zip(kinds);
    let parts: Vec<String> = parts
        .filter(|(value, _)| **value > 0.0)
        .map(|(value, (_, name))| format!("{} {name}", number(*value)))
        .collect();
    if parts.is_empty() { number(0.0) } else { parts.join(", ") }
}

fn legend(kinds: &[(&str, &str)]) -> Markup {
    html! {
        figcaption.legend {
            @for (class, name) in kinds { span { i class=(class) {} (name) } }
        }
    }
}

/// One bar cut by (class, name, value).
pub(super) fn share(about: &str, parts: &[(&str, &str, u64)]) -> Markup {
    let whole: u64 = parts.iter().map(|(_, _, value)| value).sum();
    let width = |value: u64| precise(value) / precise(whole.max(1)) * 100.0;
    let mut from = 0.0;
    html! {
        figure.share {
            svg viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label=(about) {
                rect.slot.empty x="0" y="0" width="100" height="4" {}
                @for (class, name, value) in parts {
                    @let wide = width(*value);
                    @let at = from;
                    @if *value > 0 {
                        rect class=(class) x=(round(at)) y="0" width=(round(wide)) height="4" {
                            title { (name) ": " (value) }
                        }
                    }
                    ({ from += wide; "" })
                }
            }
            figcaption.legend {
                @for (class, name, value) in parts {
                    span { i class=(class) {} (name) " " b { (super::numbers::percent(*value, whole)) } }
                }
            }
        }
    }
}

/// How full something is, 0 to 1 and beyond; `mark` is where it will be.
pub(super) fn meter(about: &str, share: f64, mark: Option<f64>) -> Markup {
    let class = match share {
        1.0.. => "full",
        0.8..1.0 => "near",
        _ => "fine",
    };
    html! {
        svg.meter viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=(about) {
            rect.slot.empty x="0" y="0" width="100" height="6" {}
            rect class=(class) x="0" y="0" width=(round(share.clamp(0.0, 1.0) * 100.0)) height="6" {}
            @if let Some(mark) = mark {
                rect.mark x=(round(mark.clamp(0.0, 0.994) * 100.0)) y="0" width="0.6" height="6" {}
            }
        }
    }
}

/// A step of the axis that people like, and the axis' end.
fn scale(highest: f64, least: f64) -> (f64, f64) {
    if highest <= 0.0 {
        return (1.0, 1.0);
    }
    let rough = highest / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * power).find(|it| *it >= rough);
    let step = step.unwrap_or(rough).max(least);
    (step, (highest / step).ceil() * step)
}

/// A hundredth of a unit is enough for a screen.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a place on a screen")]
const fn steps(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a place on a screen")]
const fn precise(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_above_the_highest_column() {
        for (highest, least, step, top) in [
            (0.0, 1.0, 1.0, 1.0),
            (1.0, 1.0, 1.0, 1.0),
            (3.0, 1.0, 1.0, 3.0),
            (7.0, 1.0, 2.0, 8.0),
            (100.0, 1.0, 50.0, 100.0),
            (0.0013, 0.0, 0.0005, 0.0015),
        ] {
            let (found, end) = scale(highest, least);
            assert!(
                (found - step).abs() < 1e-12 && (end - top).abs() < 1e-9,
                "{highest}: {found} {end}"
            );
        }
    }
}
