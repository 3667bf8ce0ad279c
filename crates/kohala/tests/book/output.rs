//! What a page shows of a command's output, beside what the command says.

/// Units of time: how long something takes is never the same.
const TIMES: [&str; 2] = ["ms", "s"];
/// Units of size.
const SIZES: [&str; 4] = ["B", "KiB", "MiB", "GiB"];

/// True if what is `shown` is in `said`, its words one behind the other, but for what `…` stands for.
///
/// Words with digits are the same but for times. Where they `vary`, one stands for any other; so do units.
pub(crate) fn shows(shown: &str, said: &str, vary: bool) -> bool {
    let said: Vec<&str> = said.split_whitespace().collect();
    let shown: Vec<&str> = shown.split_whitespace().collect();
    let mut rest = &said[..];
    shown.split(|word| *word == "…").all(|part| {
        let fits = |at: &usize| fits(part, &rest[*at..], vary);
        match (0..=rest.len().saturating_sub(part.len())).find(fits) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        }
    })
}

/// True if these words are the first ones said.
fn fits(part: &[&str], said: &[&str], vary: bool) -> bool {
    said.len() >= part.len() && (0..part.len()).all(|at| is_same(part, said, at, vary))
}

fn is_same(part: &[&str], said: &[&str], at: usize, vary: bool) -> bool {
    let has_digit = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let is_of = |word: &str, units: &[&str]| units.contains(&word.trim_matches(|char: char| !char.is_alphabetic()));
    let (shown, said) = (part[at], said[at]);
    let comes_after_figure = at > 0 && has_digit(part[at - 1]);
    let is_time = part.get(at + 1).is_some_and(|next| is_of(next, &TIMES));
    if shown == said {
        true
    } else if let Some((start, end)) = shown.split_once('…') {
        vary || said.starts_with(start) && said.ends_with(end)
    } else if has_digit(shown) && (vary || is_time) {
        has_digit(said)
    } else {
        [(true, &TIMES[..]), (vary, &SIZES[..])]
            .iter()
            .any(|(varies, units)| *varies && comes_after_figure && is_of(shown, units) && is_of(said, units))
    }
}

#[test]
fn words_must_be_the_same_but_for_times_and_what_is_left_out() {
    let said = "read 12 preimages (3.5 KiB)\nroot 0x123456\nverdict VALID: right (3 ms)\n";
    for shown in
        ["read 12 preimages", "… verdict VALID: right (700 s)", "12 … 0x12…56 verdict", "12 preimages (3.5 KiB)"]
    {
        assert!(shows(shown, said, false), "{shown}");
    }
    for shown in
        ["read 13 preimages", "verdict INVALID:", "verdict … read", "0x13…56", "12 verdict", "12 preimages (3.5 MiB)"]
    {
        assert!(!shows(shown, said, false), "{shown}");
    }
}

#[test]
fn figures_may_vary_where_the_page_says_so_and_words_may_not() {
    let said = "read 12 preimages (3.5 KiB)\nroot 0x123456\n";
    assert!(shows("read 1,681 preimages (406 MiB) root 0x9…", said, true));
    assert!(!shows("wrote 1,681 preimages", said, true));
    assert!(!shows("read few preimages", said, true));
}
