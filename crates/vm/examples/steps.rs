//! Runs an ELF or state file without a server, and says how fast.
use kohala_vm::{
    NoServer,
    elf::Elf,
    file,
    mips::{State, Vm},
};
use std::{io::Write, path::Path, time::Instant};

fn main() {
    let args: Vec<_> = std::env::args().collect();
    let path = Path::new(&args[1]);
    let until: u64 = args[2].parse().unwrap();
    let state = if args[1].contains(".bin") {
        State::deserialize(file::open(path).unwrap()).unwrap()
    } else {
        let data = std::fs::read(path).unwrap();
        State::load(&Elf::parse(&data).unwrap()).unwrap()
    };
    let mut vm = Vm::new(state, NoServer, |_, text| std::io::stderr().write_all(text).unwrap());
    if args.get(4).is_some() {
        vm.enable_stats();
    }
    let start = Instant::now();
    println!("{} {:?}", vm.state_mut().hash(), start.elapsed());
    let begin = vm.state().core.step;
    let start = Instant::now();
    let end = vm.run(until, false);
    let steps = vm.state().core.step - begin;
    let t = start.elapsed();
    println!(
        "{end:?} {steps} steps {t:?} {:.1} M/s pages {}",
        steps as f64 / t.as_secs_f64() / 1e6,
        vm.state().memory.page_count()
    );
    let start = Instant::now();
    println!("{} {:?}", vm.state_mut().hash(), start.elapsed());
    if let Some(out) = args.get(3) {
        let start = Instant::now();
        let path = Path::new(out);
        file::write(path, std::fs::File::create(path).unwrap(), |w| vm.state().serialize(w)).unwrap();
        println!("written {:?} exited {} {}", start.elapsed(), vm.state().core.exited, vm.state().core.exit_code);
    }
}
