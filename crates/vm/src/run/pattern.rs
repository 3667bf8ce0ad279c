//! Patterns of steps: when something is done on the way.

use std::{num::NonZeroU64, str::FromStr};

/// A pattern of steps, in cannon's words: `never`, `always`, `=123` at exactly that step, `%123` at every multiple of it. A step
/// has the number of those that were made before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pattern {
    /// At no step.
    #[default]
    Never,
    /// At every step.
    Always,
    /// At this step.
    At(u64),
    /// At every multiple of this, zero among them.
    Every(NonZeroU64),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It begins like none.
    #[error("a pattern of steps is due: never, always, =123 or %123")]
    Unknown,
    /// What follows the sign is no number of at most 64 bits.
    #[error("a step's number is due behind the sign, not '{0}'")]
    Number(String),
    /// Every zero steps.
    #[error("%0 names no steps: never says so")]
    Zero,
}

impl Pattern {
    /// Whether something is to be done at this step.
    pub const fn matches(self, step: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::At(at) => at == step,
            Self::Every(every) => step.is_multiple_of(every.get()),
        }
    }

    /// The first step after this one at which something is to be done.
    pub const fn after(self, step: u64) -> Option<u64> {
        match self {
            Self::Never => None,
            Self::Always => step.checked_add(1),
            Self::At(at) => {
                if at > step {
                    Some(at)
                } else {
                    None
                }
            }
            Self::Every(every) => step.checked_add(every.get() - step % every.get()),
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let number = |text: &str| number(text).ok_or_else(|| PatternError::Number(text.to_owned()));
        match text {
            "" | "never" => return Ok(Self::Never),
            "always" => return Ok(Self::Always),
            _ => {}
        }
        if let Some(at) = text.strip_prefix('=') {
            return Ok(Self::At(number(at)?));
        }
        let every = number(text.strip_prefix('%').ok_or(PatternError::Unknown)?)?;
        NonZeroU64::new(every).map(Self::Every).ok_or(PatternError::Zero)
    }
}

/// A number as Go reads it: its base is told by how it begins, and a `_` may stand between digits, or between them and the base.
fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &*lower),
    };
    let misplaced = digits.starts_with('_') && radix == 10 || digits.ends_with('_') || digits.contains("__");
    if misplaced || digits.starts_with('+') { None } else { u64::from_str_radix(&digits.replace('_', ""), radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn patterns_are_read_as_cannon_reads_them() {
        let every = |number| Pattern::Every(NonZeroU64::new(number).expect("not zero"));
        for (text, read) in [
            ("", Pattern::Never),
            ("never", Pattern::Never),
            ("always", Pattern::Always),
            ("=0", Pattern::At(0)),
            ("=123", Pattern::At(123)),
            ("=18446744073709551615", Pattern::At(u64::MAX)),
            ("=0x1F", Pattern::At(31)),
            ("=0b101", Pattern::At(5)),
            ("=0o17", Pattern::At(15)),
            ("=017", Pattern::At(15)),
            ("=0x_1f_0", Pattern::At(0x1f0)),
            ("=1_000", Pattern::At(1000)),
            ("=0_17", Pattern::At(15)),
            ("%1000000000", every(1_000_000_000)),
            ("%1", every(1)),
        ] {
            assert_eq!(pattern(text), read, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["sometimes", "123", "ALWAYS", " always"] {
            assert_eq!(text.parse::<Pattern>(), Err(PatternError::Unknown), "{text}");
        }
        for text in [
            "=",
            "=x",
            "=-1",
            "=+1",
            "=1.5",
            "=_1",
            "=0x+1",
            "=18446744073709551616",
            "%",
            "=08",
            "=0x",
            "=0x_",
            "=0x1__2",
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(PatternError::Number(text[1..].to_owned())), "{text}");
        }
        assert_eq!("%0".parse::<Pattern>(), Err(PatternError::Zero));
    }

    #[test]
    fn the_next_match_is_the_first_that_matches() {
        for text in ["never", "always", "=0", "=7", "%1", "%5", "%1000"] {
            let pattern = pattern(text);
            for step in 0..20 {
                let found = (step + 1..2000).find(|step| pattern.matches(*step));
                assert_eq!(pattern.after(step), found, "{text} after {step}");
            }
        }
        assert_eq!(pattern("%10").after(u64::MAX), None);
        assert_eq!(pattern("always").after(u64::MAX), None);
    }
}
