//! What the command line refuses, and under which names it takes its input.

use crate::support::{VARIABLES, claim, claim_flags, data_flags, file, run, run_with};
use alloy_primitives::B256;
use std::fs;

fn verify_flags() -> Vec<String> {
    let verify = vec!["verify".to_owned(), "--json".to_owned()];
    [verify, claim_flags(&claim("main", "0-1")), data_flags("main")].concat()
}

/// All flags but one, which is left out or has another value.
fn with(flag: &str, value: Option<&str>) -> Vec<String> {
    let start = format!("{flag}=");
    let mut flags = verify_flags();
    flags.retain(|flag| !flag.starts_with(&start));
    flags.extend(value.map(|value| format!("{start}{value}")));
    flags
}

#[test]
fn complete_flags_are_taken() {
    assert!(run(verify_flags()).is_valid());
    assert!(run(with("--l1-head", Some(&claim("main", "0-1").l1_head.to_string()))).is_valid());
}

#[test]
fn missing_flags_are_named() {
    for flag in ["--l1-head", "--agreed-l2-output-root", "--claimed-l2-output-root", "--claimed-l2-block-number"] {
        run(with(flag, None)).error_names(&[&format!("{flag} is missing")]);
    }
    run(with("--rollup-config-path", None)).error_names(&["--l2-chain-id", "--rollup-config-path"]);
    run(with("--l1-config-path", None)).error_names(&["--l1-config-path is missing", "L1 chain 900"]);
    for arguments in [with("--data-dir", None), vec!["verify".to_owned(), "--json".to_owned()]] {
        run(arguments).error_names(&["--l1, --beacon and --l2", "--data-dir"]);
    }
    run([""; 0]).usage_error_names(&["verify", "demo", "store"]);
    run(["judge"]).usage_error_names(&["judge"]);
}

#[test]
fn malformed_values_are_named() {
    for flag in ["--l1-head", "--agreed-l2-head-hash", "--agreed-l2-output-root", "--claimed-l2-output-root"] {
        for value in ["0x12", "junk", "", &"zz".repeat(32), &"0".repeat(66)] {
            run(with(flag, Some(value))).usage_error_names(&[flag, &format!("'{value}'")]);
        }
    }
    for value in ["-1", "1.5", "0x10", "18446744073709551616", ""] {
        let flag = "--claimed-l2-block-number";
        run(with(flag, Some(value))).usage_error_names(&[flag]);
    }
    run(with("--data-format", Some("rocksdb"))).usage_error_names(&[
        "--data-format",
        "rocksdb",
        "packed, database, directory",
    ]);
}

#[test]
fn unknown_chain_is_named() {
    let mut flags = with("--rollup-config-path", None);
    flags.push("--l2-chain-id=424242".to_owned());
    run(&flags).error_names(&["--l2-chain-id", "424242", "--rollup-config-path"]);
    let mut both = verify_flags();
    both.push("--l2-chain-id=10".to_owned());
    run(both).usage_error_names(&["--l2-chain-id", "--rollup-config-path"]);
}

/// The chain is known, so only its data is missing.
#[test]
fn known_chain_needs_no_files() {
    let flags = [
        vec!["verify".to_owned(), "--json".to_owned(), "--l2-chain-id=10".to_owned()],
        claim_flags(&claim("main", "0-1")),
        vec![format!("--data-dir={}", file("main", "preimages.kohala").display())],
    ];
    // OP Mainnet's genesis is not this chain's: the agreed block is none of it.
    run(flags.concat()).error_names(&["no verdict"]);
}

#[test]
fn missing_files_are_named_with_their_flags() {
    for flag in ["--claim", "--rollup-config-path", "--l1-config-path", "--data-dir"] {
        run(with(flag, Some("/nowhere/at-all"))).error_names(&[flag, "/nowhere/at-all", "No such file"]);
    }
}

#[test]
fn damaged_files_are_named_with_their_flags() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.json");
    let name = path.display().to_string();
    for content in [&b""[..], b"{", b"[1]", b"\xff\xfe", b"{\"l1_head\": \"0x12\", \"chainId\": -1}"] {
        fs::write(&path, content).unwrap();
        for flag in ["--claim", "--rollup-config-path", "--l1-config-path"] {
            run(with(flag, Some(&name))).error_names(&[flag, &name]);
        }
    }
}

#[test]
fn unknown_fork_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rollup.json");
    let rollup = fs::read_to_string(file("main", "rollup.json")).unwrap();
    let name = path.display().to_string();
    fs::write(&path, rollup.replace("\"jovian_time\"", "\"zebra_time\": 1, \"jovian_time\"")).unwrap();
    run(with("--rollup-config-path", Some(&name))).error_names(&["--rollup-config-path", &name, "zebra_time"]);
    fs::write(&path, rollup.replace("\"jovian_time\"", "\"zebra\": 1, \"jovian_time\"")).unwrap();
    assert!(run(with("--rollup-config-path", Some(&name))).is_valid(), "other keys are ignored");
}

#[test]
fn configurations_of_different_l1_chains_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l1.json");
    let l1 = fs::read_to_string(file("main", "l1-chain-config.json")).unwrap();
    fs::write(&path, l1.replace("\"chainId\": 900", "\"chainId\": 901")).unwrap();
    let run = run(with("--l1-config-path", Some(&path.display().to_string())));
    run.error_names(&["L1 chain 900", "chain 901"]);
}

#[test]
fn other_configuration_of_a_known_l1_chain_is_not_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l1.json");
    let l1 = fs::read_to_string(file("main", "l1-chain-config.json")).unwrap();
    fs::write(&path, l1.replace("\"chainId\": 900", "\"chainId\": 1")).unwrap();
    let name = path.display().to_string();
    run(with("--l1-config-path", Some(&name))).error_names(&["--l1-config-path", &name, "L1 chain 1"]);
}

#[test]
fn truncated_and_altered_stores_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.kohala");
    let name = path.display().to_string();
    let whole = fs::read(file("main", "preimages.kohala")).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 100, 9] {
        fs::write(&path, &whole[..length]).unwrap();
        run(with("--data-dir", Some(&name))).error_names(&["--data-dir", &name, "truncated"]);
        let inspected = run(["store", "inspect", "--json", &name]);
        inspected.error_names(&["STORE", &name, "truncated"]);
    }
    // In the middle of the file there are blocks of preimages: opening it does not see that.
    let mut altered = whole.clone();
    altered[whole.len() / 3] ^= 1;
    fs::write(&path, &altered).unwrap();
    run(["store", "inspect", "--json", &name]).error_names(&[&name, "damaged", "altered"]);
    // A file of zeros is a stream with wrong values.
    fs::write(&path, [0; 100]).unwrap();
    run(with("--data-dir", Some(&name))).error_names(&["--data-dir", &name]);
}

#[test]
fn other_data_format_is_refused() {
    for format in ["directory", "database", "stream"] {
        run(with("--data-format", Some(format))).error_names(&["--data-format", "preimages.kohala", "another format"]);
    }
    assert!(run(with("--data-format", Some("packed"))).is_valid());
}

#[test]
fn agreed_head_must_be_the_agreed_roots() {
    let claim = claim("main", "0-1");
    assert!(run(with("--agreed-l2-head-hash", Some(&claim.agreed_l2_head_hash.to_string()))).is_valid());
    let wrong = B256::repeat_byte(7).to_string();
    let found = claim.agreed_l2_head_hash.to_string();
    let run = run(with("--agreed-l2-head-hash", Some(&wrong)));
    run.error_names(&["--agreed-l2-head-hash", &wrong, "--agreed-l2-output-root", &found]);
}

/// Errors without `--json` go to standard error, and nothing goes to standard output.
#[test]
fn errors_are_for_people_too() {
    let mut flags = with("--l1-head", None);
    flags.retain(|flag| flag != "--json");
    let run = run(flags);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: --l1-head is missing"), "{}", run.stderr);
}

/// Flags override the claim's file.
#[test]
fn flags_override_the_claim_file() {
    let claim = claim("main", "20-21");
    let path = file("main", "claims").join("20-21.json");
    let base = ["verify".to_owned(), "--json".to_owned(), format!("--claim={}", path.display())];
    let flags = [base.to_vec(), data_flags("main")].concat();
    assert!(run(&flags).is_valid());
    let overrides = format!("--claimed-l2-output-root={}", claim.agreed_l2_output_root);
    assert!(!run(flags.into_iter().chain([overrides])).is_valid());
}

/// kona's host takes each flag from the environment too, by its name in capitals.
#[test]
fn environment_gives_what_flags_do() {
    let claim = claim("main", "20-21");
    let values = [
        claim.l1_head.to_string(),
        claim.agreed_l2_head_hash.to_string(),
        claim.agreed_l2_output_root.to_string(),
        claim.claimed_l2_output_root.to_string(),
        claim.claimed_l2_block_number.to_string(),
        String::new(),
        file("main", "rollup.json").display().to_string(),
        file("main", "l1-chain-config.json").display().to_string(),
        file("main", "preimages.kohala").display().to_string(),
        "packed".to_owned(),
    ];
    let variables: Vec<_> = VARIABLES.into_iter().zip(values).filter(|(name, _)| *name != "L2_CHAIN_ID").collect();
    assert!(run_with(["verify", "--json"], &variables).is_valid());
    // A flag comes before its variable.
    let lie = format!("--claimed-l2-output-root={}", claim.agreed_l2_output_root);
    assert!(!run_with(["verify", "--json", &lie], &variables).is_valid());
    for (left_out, named) in [("L1_HEAD", "--l1-head"), ("CLAIMED_L2_BLOCK_NUMBER", "--claimed-l2-block-number")] {
        let rest: Vec<_> = variables.iter().filter(|(name, _)| *name != left_out).cloned().collect();
        run_with(["verify", "--json"], &rest).error_names(&[&format!("{named} is missing")]);
    }
    let mut unknown = variables.clone();
    unknown.retain(|(name, _)| *name != "ROLLUP_CONFIG_PATH");
    unknown.push(("L2_CHAIN_ID", "424242".to_owned()));
    run_with(["verify", "--json"], &unknown).error_names(&["424242"]);
}

#[test]
fn konas_short_names_are_taken() {
    let claim = claim("main", "20-21");
    let flags = [
        "verify".to_owned(),
        "--json".to_owned(),
        format!("--l1-head={}", claim.l1_head),
        format!("--l2-head={}", claim.agreed_l2_head_hash),
        format!("--l2-output-root={}", claim.agreed_l2_output_root),
        format!("--l2-claim={}", claim.claimed_l2_output_root),
        format!("--l2-block-number={}", claim.claimed_l2_block_number),
        format!("--rollup-cfg={}", file("main", "rollup.json").display()),
        format!("--l1-cfg={}", file("main", "l1-chain-config.json").display()),
        format!("--db={}", file("main", "preimages.kohala").display()),
    ];
    assert!(run(flags).is_valid());
}

/// The output of a judgement for people says what was trusted, computed and concluded.
#[test]
fn text_says_what_was_trusted_and_concluded() {
    let claim = claim("main", "20-21");
    let flags = [vec!["verify".to_owned()], claim_flags(&claim), data_flags("main")].concat();
    let proven = run(&flags);
    assert_eq!(proven.code, 0, "{proven:?}");
    let root = claim.claimed_l2_output_root.to_string();
    let told =
        [&claim.l1_head.to_string(), &claim.agreed_l2_output_root.to_string(), &root, "VALID: the claim is right"];
    told.iter().for_each(|what| assert!(proven.stdout.contains(*what), "{what}: {}", proven.stdout));
    let refuted = run(flags.into_iter().chain([format!("--claimed-l2-output-root={}", B256::ZERO)]).filter({
        let old = format!("--claimed-l2-output-root={root}");
        move |flag| *flag != old
    }));
    assert_eq!(refuted.code, 1);
    assert!(refuted.stdout.contains("INVALID: the claim is wrong") && refuted.stdout.contains(&root));
}
