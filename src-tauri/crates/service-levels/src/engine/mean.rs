//! Exact sums of fractions. A mean of notes computed in floating point may fall a hair short of the objective it equals (three
//! notes of 7 out of 10); here it is divided once, at the end.

/// A fraction; falls back to floating point when it outgrows 127 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fraction {
    Exact { above: i128, below: i128 },
    Rounded(f64),
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1).max(1)
}

impl Fraction {
    pub(super) const ZERO: Self = Self::Exact { above: 0, below: 1 };

    /// `above / below`; `below` is above 0.
    pub(super) fn new(above: i128, below: i128) -> Self {
        let common = gcd(above, below);
        Self::Exact {
            above: above / common,
            below: (below / common).max(1),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "the one rounding of the figure")]
    pub(super) fn value(self) -> f64 {
        match self {
            Self::Exact { above, below } => above as f64 / below as f64,
            Self::Rounded(value) => value,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        if let (Self::Exact { above: a, below: b }, Self::Exact { above: c, below: d }) = (self, other) {
            let exact = || {
                let above = a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?;
                Some(Self::new(above, b.checked_mul(d)?))
            };
            if let Some(sum) = exact() {
                return sum;
            }
        }
        Self::Rounded(self.value() + other.value())
    }

    /// Divided by a number of things.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a fallback for fractions of more than 127 bits"
    )]
    pub(super) fn divided_by(self, count: u64) -> Self {
        match self {
            Self::Exact { above, below } => below.checked_mul(i128::from(count)).map_or_else(
                || Self::Rounded(self.value() / count as f64),
                |below| Self::new(above, below),
            ),
            Self::Rounded(value) => Self::Rounded(value / count as f64),
        }
    }
}

/// Notes as they are added up: by scale, in millionths, so that a million notes are one sum.
#[derive(Debug, Default)]
pub(super) struct Notes {
    by_scale: std::collections::BTreeMap<i64, i128>,
    pub count: u64,
}

#[allow(clippy::cast_possible_truncation, reason = "a note has few digits; saturates")]
fn millionths(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

impl Notes {
    pub(super) fn add(&mut self, note: f64, scale: f64) {
        *self.by_scale.entry(millionths(scale).max(1)).or_default() += i128::from(millionths(note));
        self.count += 1;
    }

    /// Sum of note ÷ scale.
    pub(super) fn sum(&self) -> Fraction {
        self.by_scale.iter().fold(Fraction::ZERO, |sum, (scale, notes)| {
            sum.plus(Fraction::new(*notes, i128::from(*scale)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_out_of_ten_is_seven_tenths_however_often() {
        let mut notes = Notes::default();
        for _ in 0..3 {
            notes.add(7.0, 10.0);
        }
        assert_eq!(notes.sum().value(), 2.1);
        assert_eq!(notes.sum().divided_by(notes.count).value(), 0.7);
    }

    #[test]
    fn scales_may_be_mixed() {
        let mut notes = Notes::default();
        // 4/5 + 13/20 + 7.5/10 = 0.8 + 0.65 + 0.75 = 2.2
        notes.add(4.0, 5.0);
        notes.add(13.0, 20.0);
        notes.add(7.5, 10.0);
        assert_eq!(notes.sum().value(), 2.2);
    }

    #[test]
    fn what_outgrows_the_integers_is_rounded() {
        let huge = Fraction::new(1, i128::MAX / 3);
        let sum = huge.plus(Fraction::new(1, 7_919));
        assert!((sum.value() - 1.0 / 7_919.0).abs() < 1e-12);
    }
}
