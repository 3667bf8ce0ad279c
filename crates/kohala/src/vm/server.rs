//! The preimage server as a child, with a VM's pipes on its file descriptors 3 to 6.

use anyhow::{Context, Result};
use command_fds::{CommandFdExt, FdMapping};
use embedded_io_adapters::std::FromStd;
use kohala_preimage::Key;
use kohala_vm::{NoServer, Pipes, Server, ServerError};
use std::{
    ffi::OsString,
    io::{PipeReader, PipeWriter, pipe},
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// Who answers the VM.
pub(super) enum Preimages {
    /// Nobody.
    Nobody(NoServer),
    /// A server, at the other ends of these pipes.
    Server(Pipes<FromStd<PipeReader>, FromStd<PipeWriter>>),
}

impl Server for Preimages {
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError> {
        match self {
            Self::Nobody(nobody) => nobody.hint(hint),
            Self::Server(server) => server.hint(hint),
        }
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        match self {
            Self::Nobody(nobody) => nobody.preimage(key),
            Self::Server(server) => server.preimage(key),
        }
    }
}

/// How long a server may take to end once its pipes are closed: it may have much to write still.
const PATIENCE: Duration = Duration::from_secs(60);

/// A preimage server that runs.
pub(super) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts a server, if there is to be one: a program and its arguments. It ends when its pipes are dropped.
    pub(super) fn start(server: &[OsString]) -> Result<(Option<Self>, Preimages)> {
        let [program, arguments @ ..] = server else { return Ok((None, Preimages::Nobody(NoServer))) };
        let name = program.to_string_lossy().into_owned();
        let pipe = || pipe().context("no pipe to the preimage server");
        let ((hints, hint), (answers, answer)) = (pipe()?, pipe()?);
        let ((keys, key), (preimages, preimage)) = (pipe()?, pipe()?);
        let mut command = Command::new(program);
        // What it says is not for a terminal: whoever called us collects it.
        command.args(arguments).env("NO_COLOR", "1");
        let ends = [hints.into(), answer.into(), keys.into(), preimage.into()];
        let mappings = (3..).zip(ends).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd }).collect();
        command.fd_mappings(mappings).context("file descriptors of the preimage server")?;
        let child = command.spawn().with_context(|| format!("the preimage server {name} can't be started"))?;
        // The command holds the server's ends, and who reads from a pipe learns of its end only when nobody can write to it.
        drop(command);
        let channels = Pipes {
            hint_reader: FromStd::new(answers),
            hint_writer: FromStd::new(hint),
            preimage_reader: FromStd::new(preimages),
            preimage_writer: FromStd::new(key),
        };
        Ok((Some(Self { name, child }), Preimages::Server(channels)))
    }

    /// Waits for the server's end, whose channels must have been dropped. One that goes on is killed.
    pub(super) fn end(mut self) -> Result<()> {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if started.elapsed() > PATIENCE {
                tracing::warn!(server = self.name, "the preimage server goes on without its pipes: it is killed");
                self.child.kill()?;
                break self.child.wait()?;
            }
            thread::sleep(Duration::from_millis(10));
        };
        self.check(status)
    }

    fn check(&self, status: ExitStatus) -> Result<()> {
        anyhow::ensure!(status.success(), "the preimage server {} ended with {status}", self.name);
        Ok(())
    }
}
