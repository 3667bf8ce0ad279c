//! What is refused, and what is said of it: an error names the flag or the file, and what to do next.

use crate::support::{Run, file, run};
use std::{fs, net::TcpListener, path::Path};

/// A call, with words for places in it; what its error has to name; and the exit code.
type Refusal = (&'static str, &'static [&'static str], i32);

/// Below `kohala vm`, as in cannon, 1 is for what is wrong with the input.
const VM: i32 = 1;
const INPUT: i32 = 2;

/// `CHAIN`: flags of a recorded chain. `DATA`: the same and its store. `CLAIM`: a claim about it. `NODES`: URLs at which nobody
/// answers. `HASH`: some hash. What begins with `./` lies in the folder that [`folder`] makes.
const REFUSALS: &[Refusal] = &[
    // Commands.
    ("", &["Usage: kohala <COMMAND>", "verify", "demo"], INPUT),
    ("judge", &["'judge'", "try '--help'"], INPUT),
    ("verfy", &["'verfy'", "'verify'"], INPUT),
    ("host", &["Usage: kohala host <COMMAND>", "single"], INPUT),
    ("store", &["Usage: kohala store <COMMAND>", "import"], INPUT),
    ("verify DATA CLAIM --jsn", &["'--jsn'", "'--json'"], INPUT),
    // Where data comes from.
    ("verify CHAIN CLAIM", &["--l1, --beacon and --l2", "--data-dir"], INPUT),
    ("verify CHAIN CLAIM --l1 http://127.0.0.1:1", &["missing: --beacon and --l2", "all or none"], INPUT),
    ("verify --chain op-mainnet --block 5", &["--block", "give --l1, --beacon and --l2"], INPUT),
    ("verify CHAIN CLAIM --l1 localhost:8545 --beacon x --l2 x", &["--l1", "http:// or https://"], INPUT),
    ("verify CHAIN CLAIM --l1 ftp://host --beacon x --l2 x", &["--l1", "http:// or https://"], INPUT),
    ("verify CHAIN CLAIM NODES --deadline 0.2", &["no verdict", "With --data-dir"], INPUT),
    ("verify CHAIN CLAIM --data-dir ./none", &["--data-dir", "./none", "No such file"], INPUT),
    ("verify CHAIN CLAIM --data-dir ./empty", &["--data-dir", "./empty", "is empty", "give a store"], INPUT),
    ("verify CHAIN CLAIM --data-dir ./empty.json", &["--data-dir", "./empty.json", "is empty"], INPUT),
    ("verify CHAIN CLAIM --data-dir ./junk", &["--data-dir", "./junk", "copy it again"], INPUT),
    (
        "verify CHAIN CLAIM --data-dir ./cut.kohala",
        &["--data-dir", "./cut.kohala", "truncated", "copy it again"],
        INPUT,
    ),
    ("verify DATA CLAIM --data-format database", &["--data-format", "another format", "leave the flag out"], INPUT),
    ("verify DATA CLAIM --data-format rocksdb", &["--data-format", "packed, database, directory"], INPUT),
    ("verify DATA CLAIM NODES", &["--data-dir", "can't be added to", "name a new one"], INPUT),
    ("verify CHAIN CLAIM NODES --data-dir /proc/none/x.db", &["--data-dir", "/proc/none/x.db", "keep what is"], INPUT),
    ("verify CHAIN CLAIM NODES --data-dir ./new --data-format stream", &["--data-format", "kohala store"], INPUT),
    // The claim.
    ("verify DATA", &["--agreed-l2-output-root is missing", "--claim"], INPUT),
    ("verify DATA --claim ./none", &["--claim", "./none", "No such file"], INPUT),
    ("verify DATA --claim ./empty", &["--claim", "./empty", "Is a directory"], INPUT),
    ("verify DATA --claim ./open.json", &["--claim", "./open.json", "is not a claim", "line 1"], INPUT),
    (
        "verify DATA --claim ./braces.json",
        &["--agreed-l2-output-root is missing", "./braces.json has no agreed_l2"],
        INPUT,
    ),
    ("verify DATA CLAIM --l1-head 0x12", &["--l1-head", "'0x12'", "64 hexadecimal digits"], INPUT),
    ("verify DATA CLAIM --claimed-l2-output-root junk", &["--claimed-l2-output-root", "64 hexadecimal digits"], INPUT),
    ("verify DATA CLAIM --claimed-l2-block-number 0x10", &["--claimed-l2-block-number", "decimal digits"], INPUT),
    ("verify DATA CLAIM --claimed-l2-block-number -1", &["--claimed-l2-block-number", "decimal digits"], INPUT),
    ("verify DATA CLAIM --agreed-l2-head-hash HASH", &["--agreed-l2-head-hash", "commits to the block"], INPUT),
    ("verify DATA CLAIM --l1-head HASH", &["no verdict", "Check the L1 head"], INPUT),
    ("verify CHAIN NODES --block latest", &["--block", "latest-safe"], INPUT),
    ("verify CHAIN NODES --block 5..3", &["--block", "before its first"], INPUT),
    ("verify --chain op-mainnet NODES --block 5", &["--block", "begins at 105235063", "name later ones"], INPUT),
    // The chain.
    ("verify CLAIM --data-dir ./whole.kohala", &["--chain", "--rollup-config-path"], INPUT),
    ("verify CLAIM --data-dir ./whole.kohala --chain op-mainet", &["--chain", "is it op-mainnet?"], INPUT),
    ("verify CLAIM --data-dir ./whole.kohala --chain 424242", &["--chain", "424242", "--rollup-config-path"], INPUT),
    ("verify CLAIM --data-dir ./whole.kohala --l2-chain-id op", &["--l2-chain-id", "decimal digits"], INPUT),
    (
        "verify CLAIM --rollup-config-path ./open.json --data-dir ./junk",
        &["--rollup-config-path", "./open.json"],
        INPUT,
    ),
    (
        "verify CLAIM --rollup-config-path ./empty --data-dir ./whole.kohala",
        &["--rollup-config-path", "./empty"],
        INPUT,
    ),
    ("verify CLAIM ROLLUP --data-dir ./whole.kohala", &["--l1-config-path is missing", "as geth writes it"], INPUT),
    (
        "verify CLAIM ROLLUP --l1-config-path ./braces.json --data-dir ./whole.kohala",
        &["--l1-config-path", "chainId"],
        INPUT,
    ),
    // A witness.
    ("verify --witness ./none", &["--witness", "./none", "No such file"], INPUT),
    ("verify --witness ./cut.kohala", &["--witness", "./cut.kohala", "truncated", "copy it again"], INPUT),
    ("verify --witness ./whole.kohala", &["--witness", "no claim in it", "give the claim"], INPUT),
    ("verify --witness ./whole.kohala --data-dir x", &["--witness", "--data-dir", "cannot be used with"], INPUT),
    ("witness DATA CLAIM", &["<TO>", "try '--help'"], INPUT),
    ("witness DATA CLAIM ./w.bin", &["TO", "./w.bin", "must end in .kohala"], INPUT),
    ("witness DATA CLAIM ./none/w.kohala", &["TO", "./none/w.kohala", "name another file"], INPUT),
    ("witness DATA CLAIM --zkvm ./empty", &["TO", "./empty", "name another file"], INPUT),
    // How a run is made.
    ("verify DATA CLAIM --patience soon", &["--patience", "a number of seconds"], INPUT),
    ("verify DATA CLAIM --deadline 0", &["--deadline", "must not be zero"], INPUT),
    ("verify DATA CLAIM --rpc-concurrency 0", &["--rpc-concurrency", "1..=1024"], INPUT),
    ("verify DATA CLAIM --metrics.addr here", &["--metrics.addr", "IP address"], INPUT),
    ("verify DATA CLAIM --metrics.port 99999", &["--metrics.port", "0..=65535"], INPUT),
    (
        "verify CHAIN CLAIM NODES --deadline 5 --metrics.port TAKEN",
        &["--metrics.port", "in use", "name another"],
        INPUT,
    ),
    ("verify DATA CLAIM --logs.stdout.format xml", &["--logs.stdout.format", "compact"], INPUT),
    // The host and its client.
    ("host single", &["--native|--server"], INPUT),
    ("host single --native --server", &["--native", "--server"], INPUT),
    ("host single --native DATA", &["--agreed-l2-output-root is missing"], INPUT),
    ("host single --server DATA CLAIM", &["--server", "file descriptors 3 to 6", "a VM or a client"], INPUT),
    ("client", &["file descriptors 3 to 6", "a host has to start this"], INPUT),
    ("check", &["--l1, --beacon, --l2 and --rollup-node"], INPUT),
    ("check --l1 localhost", &["--l1", "http:// or https://"], INPUT),
    // Stores.
    ("store import ./whole.kohala", &["<TO>", "try '--help'"], INPUT),
    ("store import ./none ./new.kohala", &["FROM", "./none", "No such file"], INPUT),
    ("store import ./empty ./new.kohala", &["FROM", "./empty", "is empty"], INPUT),
    ("store import ./junk ./new.kohala", &["FROM", "./junk"], INPUT),
    ("store import ./whole.kohala ./new.zip", &["TO", "./new.zip", ".kohala", ".db"], INPUT),
    ("store import ./whole.kohala ./none/new.kohala", &["TO", "./none/new.kohala", "can't be written"], INPUT),
    ("store export ./whole.kohala ./new.kohala", &["TO", "./new.kohala", "kohala store import"], INPUT),
    ("store export ./whole.kohala ./junk", &["TO", "./junk", "is a file", "name a folder"], INPUT),
    ("store inspect ./none", &["STORE", "./none", "No such file"], INPUT),
    ("store call ./whole.kohala", &["--key", "try '--help'"], INPUT),
    ("store call ./whole.kohala --key 0x12", &["--key", "64 hexadecimal digits"], INPUT),
    ("store call ./whole.kohala --key HASH", &["STORE", "does not have it", "HASH"], INPUT),
    ("store call ./whole.kohala --key HASH --offset -1", &["'-1'", "try '--help'"], INPUT),
    // Proofs.
    ("prove DATA CLAIM --backend-path ./none", &["--backend-path", "./none"], INPUT),
    ("prove DATA CLAIM --backend-path ./junk", &["--elf is missing", "cargo xtask guests"], INPUT),
    ("prove DATA CLAIM --backend-path ./junk --elf ./none", &["--elf", "./none"], INPUT),
    (
        "prove DATA CLAIM --backend-path ./junk --elf ./junk --out ./none/p",
        &["--out", "./none/p", "name another"],
        INPUT,
    ),
    ("prove DATA CLAIM --mode fast", &["--mode", "execute, mock, core"], INPUT),
    ("prove verify", &["<PROOF>", "try '--help'"], INPUT),
    ("prove verify ./junk --backend-path ./junk", &["--elf or --vkey is missing"], INPUT),
    ("prove verify ./junk --backend-path ./junk --vkey x CLAIM", &["--chain", "--rollup-config-path"], INPUT),
    ("prove aggregate", &["<PROOFS>", "try '--help'"], INPUT),
    // VMs.
    ("vm load-elf", &["--type <VM>", "--path <FILE>"], VM),
    ("vm load-elf --type mips --path x", &["--type", "multithreaded64-5, asterisc"], VM),
    ("vm load-elf --type asterisc --path ./none", &["--path", "./none", "No such file"], VM),
    ("vm load-elf --type asterisc --path ./junk", &["--path", "./junk", "ELF"], VM),
    ("vm witness --input ./none", &["--input", "./none", "No such file"], VM),
    ("vm witness --input ./junk.bin", &["--input", "./junk.bin", "state version 106 is not 8"], VM),
    ("vm witness --input ./open.json", &["--input", "./open.json", "JSON"], VM),
    ("vm run --input ./none", &["--meta", "--meta ''"], VM),
    ("vm run --input ./junk.bin --proof-at often", &["--proof-at", "never, always, =123 or %123"], VM),
    ("vm run --input ./none --meta= --stop-at-preimage zz", &["--stop-at-preimage", "hexadecimal digits"], VM),
    ("vm run --input ./none --meta= --stop-at-preimage-type all", &["--stop-at-preimage-type", "precompile"], VM),
    // What it tells about itself.
    ("completions", &["<SHELL>", "try '--help'"], INPUT),
    ("completions tcsh", &["<SHELL>", "bash, elvish, fish"], INPUT),
    ("man verfy", &["COMMAND", "`kohala verfy`", "`kohala --help`"], INPUT),
    ("man vm ran", &["COMMAND", "`kohala vm ran`", "`kohala vm --help`"], INPUT),
    ("man --out ./junk", &["--out", "./junk", "can't be made"], INPUT),
];

const HASH: &str = "0x0211223344556677889900112233445566778899001122334455667788990011";

/// A folder with files of all kinds.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    let store = fs::read(file("main", "preimages.kohala")).unwrap();
    let files: [(&str, &[u8]); 7] = [
        ("empty.json", b""),
        ("open.json", b"{"),
        ("braces.json", b"{}"),
        ("junk", b"junk"),
        ("junk.bin", b"junk"),
        ("whole.kohala", &store),
        ("cut.kohala", &store[..2000]),
    ];
    files.iter().for_each(|(name, content)| fs::write(at(name), content).unwrap());
    folder
}

/// The call's arguments, with words for places in them replaced.
fn arguments(call: &str, folder: &Path, taken: u16) -> Vec<String> {
    let rollup = file("main", "rollup.json").display().to_string();
    let l1 = file("main", "l1-chain-config.json").display().to_string();
    let store = file("main", "preimages.kohala").display().to_string();
    let chain = ["--rollup-config-path", &rollup, "--l1-config-path", &l1];
    let nodes: Vec<&str> = ["--l1", "--beacon", "--l2"].iter().flat_map(|flag| [flag, "http://127.0.0.1:1"]).collect();
    let words = call.split_whitespace().flat_map(|word| match word {
        "CHAIN" => chain.map(str::to_owned).to_vec(),
        "ROLLUP" => chain[..2].iter().map(|word| (*word).to_owned()).collect(),
        "DATA" => chain.into_iter().chain(["--data-dir", &store]).map(str::to_owned).collect(),
        "CLAIM" => vec!["--claim".to_owned(), file("main", "claims/0-1.json").display().to_string()],
        "NODES" => nodes.iter().map(|word| (*word).to_owned()).collect(),
        "HASH" => vec![HASH.to_owned()],
        "TAKEN" => vec![taken.to_string()],
        word => vec![placed(word, folder)],
    });
    words.collect()
}

fn placed(word: &str, folder: &Path) -> String {
    match word.strip_prefix("./") {
        Some(name) => folder.join(name).display().to_string(),
        None => word.replace("HASH", HASH),
    }
}

#[test]
fn errors_name_what_is_wrong_and_what_to_do() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let mut wrong = Vec::new();
    for (call, names, code) in REFUSALS {
        let ran: Run = run(arguments(call, folder.path(), taken));
        let lacks: Vec<_> = names.iter().filter(|name| !ran.stderr.contains(&placed(name, folder.path()))).collect();
        if !lacks.is_empty() || ran.code != *code || ran.stderr.contains("panicked") {
            wrong
                .push(format!("kohala {call}\n  lacks {lacks:?}, exit code {} for {code}\n  {}", ran.code, ran.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No target that couldn't be written was left behind by looking, and none that could.
#[test]
fn looking_whether_a_file_can_be_written_leaves_none() {
    let folder = folder();
    let elf = "prove DATA CLAIM --backend-path ./junk --elf ./junk --out ./proof";
    assert!(run(arguments(elf, folder.path(), 0)).stderr.contains("can't be started"));
    run(arguments("witness DATA CLAIM --l1-head HASH ./new.kohala", folder.path(), 0));
    assert!(!folder.path().join("proof").exists() && !folder.path().join("new.kohala").exists());
}
