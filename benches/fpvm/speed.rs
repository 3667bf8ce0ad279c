//! Steps a second of CPU time: our VM beside Go's, the same state, the same server, one after the other. The server's own
//! time is taken off.

use crate::{CLAIMS, Claim};
use anyhow::{Context, Result, ensure};
use kohala_interop::{cannon::Cannon, has_go};
use std::{
    env,
    ffi::OsString,
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use wait4::Wait4;

/// The steps that are made: with fewer, starting counts for too much.
const STEPS: u64 = 380_000_000;

/// A step to prove in the midst of them.
const PROVEN: u64 = 200_000_000;

/// Runs a claim's first steps on both.
pub(crate) fn compare(guests: &Path, folder: &Path) -> Result<()> {
    if !has_go() {
        println!("Speed beside cannon: left out, it takes Go");
        return Ok(());
    }
    let kohala = env::var_os("KOHALA").context("KOHALA: the command line's path")?;
    let ours = vec![kohala.clone(), "vm".into()];
    let theirs = vec![Cannon::build()?.vm().into_os_string()];
    let claim = &CLAIMS[2];
    let state = folder.join("prestate.bin.gz");
    let path = guests.join("kohala-client-mips64.elf");
    let mut load = Command::new(&ours[0]);
    load.args(["vm", "load-elf", "--type", "multithreaded64-5", "--meta", ""]).arg("--path").arg(path);
    ensure!(load.arg("--out").arg(&state).status()?.success(), "{load:?}");
    println!(
        "{} {}, the first {} M steps on cannon's VM, in MiB and seconds of CPU",
        claim.chain,
        claim.name,
        STEPS / 1_000_000
    );
    for (name, vm) in [("kohala", &ours), ("Go", &theirs)] {
        let plain = run(vm, &state, folder, claim, &kohala, "never")?;
        let proving = run(vm, &state, folder, claim, &kohala, &format!("={PROVEN}"))?;
        println!(
            "{name:<10}{:>8.1} M steps/s{:>10.2} s{:>10.1} MiB; a proof at step {PROVEN} takes {:+.2} s",
            STEPS as f64 / 1e6 / plain.seconds,
            plain.seconds,
            plain.mib,
            proving.seconds - plain.seconds
        );
    }
    Ok(())
}

struct Taken {
    seconds: f64,
    mib: f64,
}

fn run(vm: &[OsString], state: &Path, folder: &Path, claim: &Claim, kohala: &OsString, proof: &str) -> Result<Taken> {
    let chain = claim.folder();
    let mut command = Command::new(&vm[0]);
    command.args(&vm[1..]).args(["run", "--meta", "", "--info-at", "%10000000", "--proof-at", proof]);
    command.args(["--snapshot-at", "never", "--stop-at", &format!("={STEPS}")]).arg("--input").arg(state);
    command.arg("--output").arg(folder.join("stopped.bin.gz")).arg("--proof-fmt").arg(folder.join("proof-%d.json.gz"));
    // It says what its child took, also if it is told to end.
    let times = folder.join("server-times");
    command.args(["--", "sh", "-c", "trap : INT TERM; out=$1; shift; \"$@\"; times > \"$out\"", "sh"]).arg(&times);
    command.arg(kohala).args(["host", "single", "--server"]);
    for (flag, file) in [
        ("--claim", format!("claims/{}.json", claim.name)),
        ("--rollup-config-path", "rollup.json".into()),
        ("--l1-config-path", "l1-chain-config.json".into()),
        ("--data-dir", "preimages.kohala".into()),
    ] {
        command.arg(flag).arg(chain.join(file));
    }
    let used = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?.wait4()?;
    ensure!(used.status.success(), "{command:?} failed ({})", used.status);
    let seconds = (used.rusage.utime + used.rusage.stime).as_secs_f64() - server_seconds(&times)?;
    Ok(Taken { seconds, mib: used.rusage.maxrss as f64 / f64::from(1 << 20) })
}

/// The time of the shell's children, which is the second line of what `times` has written: `0m1.23s 0m0.45s`, user and system.
fn server_seconds(times: &Path) -> Result<f64> {
    let mut text = fs::read_to_string(times);
    // A VM may be gone before its server.
    for _ in 0..100 {
        if text.as_ref().is_ok_and(|text| text.lines().count() == 2) {
            break;
        }
        thread::sleep(Duration::from_millis(20));
        text = fs::read_to_string(times);
    }
    let text = text.context("the server hasn't said what it took")?;
    fs::remove_file(times)?;
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(60.0 * minutes.parse::<f64>().ok()? + seconds.parse::<f64>().ok()?)
    };
    let sum = text.lines().nth(1).and_then(|line| line.split_whitespace().map(seconds).sum());
    sum.with_context(|| format!("what the server took: {text}"))
}
