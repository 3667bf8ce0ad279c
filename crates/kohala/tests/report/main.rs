//! `--report`: the page of a run, looked at in a browser, and what becomes of it where it can't be written.

mod browser;
#[path = "../cli/nodes.rs"]
mod nodes;
#[expect(dead_code, reason = "tests of the command line need all of it")]
#[path = "../cli/support.rs"]
mod support;

use alloy_primitives::{Address, B256, Bytes, U256};
use browser::{Browser, Look};
use kohala_devnet::{
    chain::{Channel, Config, Deposit, Devnet, L1Call, Origin, Posting, RICH, SET_SLOT, USER, datum},
    proxy::{Fault, Faults, Proxy, Rule},
    serve::Endpoint,
};
use nodes::Nodes;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use support::{Run, but, chain_flags, claim, claim_flags, data_flags, run};

const LOOKS: [Look; 4] = [
    Look { theme: "light", width: 1080, mobile: false },
    Look { theme: "dark", width: 1080, mobile: false },
    Look { theme: "light", width: 375, mobile: true },
    Look { theme: "dark", width: 375, mobile: true },
];

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A run with a page, and the page.
fn reported(command: &str, flags: &[Vec<String>]) -> (Run, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.html");
    // What was there before is gone, however long it was.
    fs::write(&path, "x".repeat(1 << 20)).unwrap();
    let report = vec![command.to_owned(), "--json".to_owned(), format!("--report={}", path.display())];
    (run([report, flags.concat()].concat()), path, folder)
}

/// The page's own data: what `--json` prints, and what else it tells.
fn data(page: &Path) -> (Value, Value) {
    let text = fs::read_to_string(page).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>"), "the page is whole");
    let (_, data) = text.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let mut data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    let run = data.as_object_mut().unwrap().remove("run").unwrap();
    (data, run)
}

/// Where figures are that the page has to show.
fn figures(json: &Value) -> BTreeSet<String> {
    fn find(at: &str, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Number(_) => {
                found.insert(at.to_owned());
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| find(&format!("{at}/{name}"), value, found))
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    find("", json, &mut found);
    // These are in sentences.
    found.retain(|at| !["/block_number", "/claimed_block_number"].contains(&at.as_str()));
    found
}

/// A figure says what it stands for, in digits or as well as a few digits can.
#[track_caller]
fn says(at: &str, text: &str, value: f64) {
    let digits: f64 = text.split(' ').next().unwrap().replace(',', "").parse().unwrap();
    let (unit, off) = match text.split_once(' ').map(|(_, unit)| unit) {
        Some("B") => (1.0, 0.0),
        Some("KiB") => (1024.0, 0.01),
        Some("MiB") => (1024.0 * 1024.0, 0.01),
        None if at.starts_with("/seconds/") => (1e-3, 0.0501),
        None => (1.0, 0.0),
        Some(other) => panic!("{other}"),
    };
    assert!((digits - value / unit).abs() <= off, "{at}: {text} for {value}");
}

/// What a page looks like: measured in the browser.
const MEASURES: &str = "({
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    ground: getComputedStyle(document.body).backgroundColor,
    verdict: document.querySelector('.verdict').className.split(' ')[1],
    text: document.body.innerText,
    figures: [...document.querySelectorAll('data[data-json]')].map((data) => [data.dataset.json, data.value, data.textContent]),
    charts: [...document.querySelectorAll('canvas')].map((canvas) => ({
        name: canvas.dataset.chart,
        fits: canvas.getBoundingClientRect().right <= innerWidth,
        drawn: canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0),
        bars: Chart.getChart(canvas).data.datasets.flatMap(({ data }) => data).filter((bar) => bar !== null).length,
    })),
})";

/// Looks at a page by day and night, on a desk and on a phone. What was measured last is returned.
fn looked_at(browser: &mut Browser, name: &str, page: &Path, verdict: &str) -> Value {
    let (json, _) = data(page);
    let mut grounds = BTreeMap::<_, BTreeSet<_>>::new();
    let mut last = Value::Null;
    for look in LOOKS {
        let mut tab = browser.open(page, look);
        let found = tab.value(MEASURES);
        assert_eq!(found["width"], look.width, "{name}");
        assert!(found["overflow"].as_i64().unwrap() <= 0, "{name} is too wide: {}", found["overflow"]);
        assert_eq!(found["verdict"], verdict);
        grounds.entry(look.theme).or_default().insert(found["ground"].to_string());
        let mut shown = BTreeSet::new();
        for figure in found["figures"].as_array().unwrap() {
            let [at, value, text] = [0, 1, 2].map(|place| figure[place].as_str().unwrap());
            let expected = json.pointer(at).and_then(Value::as_f64).unwrap_or_else(|| panic!("{name}: no {at}"));
            // JSON's reader may be wrong in a fraction's last bit.
            assert!((value.parse::<f64>().unwrap() - expected).abs() < 1e-9, "{name}: {at}: {value} for {expected}");
            says(at, text, expected);
            shown.insert(at.to_owned());
        }
        assert_eq!(shown, figures(&json), "{name}");
        for chart in found["charts"].as_array().unwrap() {
            assert!(chart["fits"] == true && chart["drawn"] == true, "{name}: {chart}");
            assert!(chart["bars"].as_u64().unwrap() > 0, "{name}: {chart}");
        }
        assert_eq!(tab.complaints(), Vec::<Value>::new(), "{name}");
        assert_eq!(tab.requests(), [format!("file://{}", page.display())], "{name}");
        let picture = format!("report-{name}-{}-{}.png", look.theme, look.width);
        tab.picture(look, &Path::new(env!("CARGO_TARGET_TMPDIR")).join(picture));
        last = found;
    }
    assert_eq!(grounds.values().map(BTreeSet::len).collect::<Vec<_>>(), [1, 1], "a theme is the same on all devices");
    assert_ne!(grounds["light"], grounds["dark"]);
    last
}

/// What the page has besides agrees with what `--json` has.
fn adds_up(json: &Value, run: &Value) {
    let sum = |rows: &Value, figure: &str| -> u64 {
        rows.as_array().unwrap().iter().map(|row| row[figure].as_u64().unwrap()).sum()
    };
    for rows in [&run["bars"]["groups"], &run["blocks"]["groups"]] {
        assert_eq!(sum(rows, "gas"), json["gas_used"]);
        assert_eq!(sum(rows, "transactions"), json["transactions"]);
    }
    let sources = json["nodes"]["sources"].as_object();
    for (name, source) in sources.into_iter().flatten() {
        let of = |row: &&Value| row["source"] == *name;
        let methods = Value::from_iter(run["methods"].as_array().unwrap().iter().filter(of).cloned());
        for figure in ["requests", "bytes", "retries"] {
            assert_eq!(sum(&methods, figure), source[figure], "{name} {figure}");
        }
        for method in methods.as_array().unwrap() {
            assert_eq!(method["calls"], source["calls"][method["method"].as_str().unwrap()]);
        }
    }
    let slowest: Vec<_> =
        run["slowest_calls"].as_array().unwrap().iter().map(|call| call["milliseconds"].as_f64().unwrap()).collect();
    assert!(slowest.len() <= 20 && slowest.is_sorted_by(|one, next| one >= next), "{slowest:?}");
    let dropped = &run["dropped"];
    let by_reason: u64 = dropped["by_reason"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(dropped["number"], by_reason);
}

/// Users that write slots and send coins, deposits, all posted in blobs; garbage and a stranger in between. After `blocks` comes
/// one whose batch has a transaction that nobody can pay, so that nothing but deposits is left of it.
fn chain(blocks: u64) -> Devnet {
    let slot = |key: u64, value: u64| -> Bytes {
        [U256::from(key), U256::from(value)].map(|word| word.to_be_bytes::<32>()).concat().into()
    };
    let mut devnet = Devnet::new(Config::default());
    let (mut alice, mut bob) = (devnet.user(0), devnet.user(1));
    for number in 1..=blocks {
        let mut transactions = vec![alice.call(SET_SLOT, U256::ZERO, slot(number, number))];
        let others = (0..number % 7).map(|other| bob.transfer(Address::repeat_byte(other as u8), U256::from(number)));
        transactions.extend(others);
        devnet.l2_block(&transactions);
        if number % 6 == 0 {
            let deposit = Deposit { to: Address::repeat_byte(0x77).into(), mint: 1_000, ..Deposit::default() };
            let frames = Channel::of(devnet.singulars(1..=1)).cut(2);
            let twice = L1Call::calldata(datum(&frames[..1]));
            devnet.l1_block(|block| {
                let block = block.send(L1Call::calldata(vec![0xba, 0xad])).send(twice.by(USER));
                block.batch(number - 5..=number, Posting::default()).deposit(deposit)
            });
        }
    }
    let unpaid = devnet.user(RICH).transfer(Address::ZERO, U256::from(1));
    let bad = Channel::of([devnet.draft(Origin::Stay, &[unpaid])]);
    devnet.l1_block(|block| block.channel(&bad));
    devnet.l2_block_at(Origin::Stay, &[]);
    devnet
}

#[test]
fn page_of_a_run_from_nodes_shows_what_json_says() {
    let Some(mut browser) = Browser::start() else { return };
    let nodes = Nodes::of(chain(60));
    let l1 = Proxy::start(&nodes.server.url(Endpoint::L1)).unwrap();
    l1.set(Faults::rule(Rule::always(Fault::status(503)).first(1).only("debug_getRawReceipts")));
    let flags = [nodes.flags(&[("l1", &l1.url())]), strings(&["--block=21..61"])];
    let (ran, page, _folder) = reported("verify", &flags);
    assert!(ran.is_valid());
    let (json, run) = data(&page);
    assert_eq!(json, ran.json());
    adds_up(&json, &run);
    assert_eq!((run["chain_id"].as_u64(), run["agreed_block"].as_u64()), (Some(901), Some(20)));
    assert_eq!((&run["bars"]["by"], run["bars"]["groups"].as_array().unwrap().len()), (&1.into(), 42));
    let slowest = run["slowest_calls"].as_array().unwrap();
    assert_eq!(slowest.len(), 20);
    assert!(slowest.iter().any(|call| call["retries"] == 1), "{slowest:?}");
    let reasons = run["dropped"]["by_reason"].as_object().unwrap();
    for reason in ["not the batcher", "frames: version", "rejected"] {
        assert!(reasons.contains_key(reason), "{reason}: {reasons:?}");
    }
    let found = looked_at(&mut browser, "nodes", &page, "valid");
    let text = found["text"].as_str().unwrap();
    for name in ["l1_head", "agreed_output_root", "claimed_output_root", "output_root"] {
        assert!(text.contains(json[name].as_str().unwrap()), "{name}");
    }
    for said in ["VALID", "Block 61 of chain 901", "61 (invalid)", "debug_getRawReceipts", "not the batcher", "blobs"] {
        assert!(text.contains(said), "{said}");
    }
    let charts: Vec<_> = found["charts"].as_array().unwrap().iter().map(|chart| &chart["name"]).collect();
    assert_eq!(charts, ["timeline", "bytes", "requests", "gas", "execution"]);
    // Where nodes are is nobody's business, for a URL may hold a key.
    let page = fs::read_to_string(&page).unwrap();
    let place = l1.url();
    assert!(!page.contains(place.trim_start_matches("http://")), "{place} is in the page");
}

/// Offline, over one claim and over more blocks than there are bars; and a wrong claim.
#[test]
fn page_of_a_recorded_claim_shows_what_json_says() {
    let Some(mut browser) = Browser::start() else { return };
    let right = claim("main", "60-110");
    let long = claim("main", "1-170");
    let wrong = but(&claim("main", "40-41"), |claim| claim.claimed_l2_output_root = B256::repeat_byte(0x5a));
    for (name, claim, verdict, by, bars) in
        [("recorded", right, "valid", 1, 50), ("long", long, "valid", 4, 43), ("wrong", wrong, "invalid", 1, 1)]
    {
        let (ran, page, _folder) = reported("verify", &[data_flags("main"), claim_flags(&claim)]);
        assert_eq!(ran.is_valid(), verdict == "valid");
        let (json, run) = data(&page);
        assert_eq!(json, ran.json());
        adds_up(&json, &run);
        assert_eq!((&run["bars"]["by"], run["bars"]["groups"].as_array().unwrap().len()), (&by.into(), bars), "{name}");
        let found = looked_at(&mut browser, name, &page, verdict);
        assert_eq!(found["text"].as_str().unwrap().contains("INVALID"), verdict == "invalid");
    }
}

/// A run without a verdict has a page that says why; and what a node says, whatever that is, stays text.
#[test]
fn page_of_a_run_without_a_verdict_says_why_and_hostile_text_stays_text() {
    const HOSTILE: &str =
        "</script><script>document.title = 'taken'</script><!--<script>\u{2028}&amp;<img src=x onerror=alert(1)>";
    let nodes = Nodes::start();
    let l2 = Proxy::start(&nodes.server.url(Endpoint::L2)).unwrap();
    l2.set(Faults::rule(Rule::always(Fault::error(-32000, HOSTILE))));
    let mut flags = nodes.flags(&[("l2", &l2.url())]);
    flags.retain(|flag| !flag.starts_with("--rollup-node"));
    let (ran, page, _folder) = reported("verify", &[flags, nodes.claim_flags(), strings(&["--patience=1"])]);
    assert!(ran.code == 2 && ran.json()["error"].as_str().unwrap().contains("<script>"), "{ran:?}");
    let (json, run) = data(&page);
    assert_eq!(json, ran.json());
    assert_eq!(run["broken_off"][0], "prologue");
    let text = fs::read_to_string(&page).unwrap();
    assert_eq!(text.matches("<script").count(), 3, "what a node says is not escaped");
    assert!(!text.contains("<!--") && !text.contains("<img"), "what a node says is not escaped");
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&page, LOOKS[2]);
    assert_eq!(tab.value("document.querySelector('.meaning').textContent"), json["error"]);
    drop(tab);
    let found = looked_at(&mut browser, "none", &page, "none");
    assert!(found["text"].as_str().unwrap().contains("The run ended during prologue."), "{found}");
}

/// Without this, a test that sees nothing would find nothing wrong.
#[test]
fn browser_sees_what_is_wrong_with_a_page() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("bad.html");
    let bad =
        "<div style='width: 500px'>x</div><img src='http://127.0.0.1:1/x'><script>console.error('x'); y()</script>";
    fs::write(&page, format!("<meta name=viewport content='width=device-width'>{bad}")).unwrap();
    let mut tab = browser.open(&page, LOOKS[2]);
    assert!(tab.value("document.documentElement.scrollWidth").as_u64().unwrap() >= 500);
    assert_eq!(tab.requests().len(), 2, "{:?}", tab.requests());
    assert!(tab.complaints().len() >= 2, "{:?}", tab.complaints());
}

#[test]
fn what_a_url_hides_never_reaches_the_page() {
    let nodes = Nodes::start();
    let secret = "0123456789abcdef";
    let url = format!("http://user:{secret}@127.0.0.1:1/{secret}?key={secret}");
    let flags = nodes.flags(&[("l1", &url), ("beacon", &url), ("l2", &url)]);
    let (ran, page, _folder) = reported("verify", &[flags, nodes.claim_flags(), strings(&["--deadline=1"])]);
    assert_eq!(ran.code, 2);
    let (_, run) = data(&page);
    assert!(!run["slowest_calls"].as_array().unwrap().is_empty(), "a call that is never answered is told");
    assert!(!fs::read_to_string(&page).unwrap().contains(secret));
}

#[test]
fn unwritable_page_is_told_before_anything_is_asked() {
    let nodes = Nodes::start();
    let proxies =
        [Endpoint::L1, Endpoint::Beacon, Endpoint::L2].map(|end| Proxy::start(&nodes.server.url(end)).unwrap());
    let [l1, beacon, l2] = [0, 1, 2].map(|place| proxies[place].url());
    let mut flags = nodes.flags(&[("l1", &l1), ("beacon", &beacon), ("l2", &l2)]);
    flags.extend(nodes.claim_flags());
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("no/such/folder.html")] {
        let report = format!("--report={}", path.display());
        run([strings(&["verify", "--json", &report]), flags.clone()].concat())
            .error_names(&["--report", &path.display().to_string()]);
    }
    for proxy in proxies {
        assert_eq!(proxy.counts().requests, 0);
    }
}

#[test]
fn page_that_fails_at_the_end_changes_no_exit_code() {
    if !Path::new("/dev/full").exists() {
        println!("NOT TESTED: there is no /dev/full here, which takes nothing");
        return;
    }
    let right = claim("main", "40-41");
    let wrong = but(&right, |claim| claim.claimed_l2_output_root = B256::repeat_byte(0x5a));
    for (claim, valid) in [(right, true), (wrong, false)] {
        let start = strings(&["verify", "--json", "--report=/dev/full"]);
        let ran = run([start, data_flags("main"), claim_flags(&claim)].concat());
        assert_eq!(ran.is_valid(), valid);
        assert!(ran.stderr.contains("error: --report: /dev/full can't be written"), "{ran:?}");
    }
}

#[test]
fn witness_has_a_page_and_a_proof_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("claim.kohala").display().to_string();
    let flags = [data_flags("main"), claim_flags(&claim("main", "40-41"))];
    let (ran, page, _folder) = reported("witness", &[vec![to.clone()], flags.concat()]);
    assert!(ran.is_valid());
    assert_eq!(data(&page).0, ran.json());
    let report = format!("--report={}", page.display());
    run([strings(&["witness", "--zkvm", &to, &report]), flags.concat()].concat())
        .usage_error_names(&["--zkvm", "--report"]);
    run([strings(&["prove", "--json", &report]), chain_flags("main"), claim_flags(&claim("main", "40-41"))].concat())
        .error_names(&["--report", "kohala verify"]);
}
