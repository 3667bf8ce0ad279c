//! Ending by Ctrl-C or SIGTERM: what was fetched stays, and it is never a verdict.

use crate::NO_VERDICT;
use kohala_host::Online;
use std::thread;
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Does `work`, and lets the first signal end it in order: the program gets no more answers, so that it ends without a
/// verdict. The second signal ends the process at once, which costs no more than what is under way.
pub(crate) fn stopped_by_signals<T>(online: &Online, work: impl FnOnce() -> T) -> T {
    let (done, mut is_done) = oneshot::channel::<()>();
    let wait = move || {
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let kinds = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
            let (Ok(mut interrupt), Ok(mut terminate)) = kinds else { return };
            for first in [true, false] {
                tokio::select! {
                    // Whether it was sent or dropped: the work is over.
                    _ = &mut is_done => return,
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                match first {
                    true => online.stop(),
                    false => std::process::exit(NO_VERDICT.into()),
                }
            }
        });
    };
    thread::scope(|scope| {
        scope.spawn(wait);
        let outcome = work();
        drop(done);
        outcome
    })
}
