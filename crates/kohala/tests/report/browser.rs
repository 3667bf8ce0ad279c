//! Chromium without a window, told by the DevTools protocol what to do: JSON over two pipes, each message ended by a zero.

use command_fds::{CommandFdExt, FdMapping};
use serde_json::{Value, json};
use std::{
    env,
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    calls: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) theme: &'static str,
    /// In pixels.
    pub(crate) width: u64,
    /// Whether it is a phone, which looks at pages that don't say otherwise from further away.
    pub(crate) mobile: bool,
}

impl Browser {
    /// Starts it; `None` where there is none, unless it has to be there.
    pub(crate) fn start() -> Option<Self> {
        let there = Command::new("chromium").arg("--version").output().is_ok_and(|output| output.status.success());
        if !there && env::var_os("CI").is_none() {
            println!("NOT TESTED: pages are looked at only where there is chromium (`apt-get install chromium`)");
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        let (its_input, to) = io::pipe().unwrap();
        let (from, its_output) = io::pipe().unwrap();
        let mappings = vec![
            FdMapping { parent_fd: its_input.into(), child_fd: 3 },
            FdMapping { parent_fd: its_output.into(), child_fd: 4 },
        ];
        // Whatever goes wrong, the test ends. As root there is no sandbox, and the pages are our own.
        let mut command = Command::new("timeout");
        command.args(["120", "chromium", "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"]);
        command.args(["--hide-scrollbars", "--no-first-run"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let child = command.fd_mappings(mappings).unwrap().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The command holds the child's ends.
        drop(command);
        let (to, from) = (std::os::fd::OwnedFd::from(to), std::os::fd::OwnedFd::from(from));
        let (to, from) = (File::from(to), BufReader::new(File::from(from)));
        Some(Self { child, to, from, calls: 0, events: Vec::new(), _profile: profile })
    }

    /// A page that shows the file at `path` as `look` says.
    pub(crate) fn open(&mut self, path: &Path, look: Look) -> Tab<'_> {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call(None, "Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        let mut tab = Tab { browser: self, session };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        let theme = json!([{ "name": "prefers-color-scheme", "value": look.theme }]);
        tab.call("Emulation.setEmulatedMedia", json!({ "features": theme }));
        tab.resize(look, 800);
        tab.call("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        tab.wait("Page.loadEventFired");
        tab
    }

    fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = session {
            call["sessionId"] = session.into();
        }
        write!(self.to, "{call}\0").unwrap();
        loop {
            let mut message = self.next();
            if message["id"] == self.calls {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "chromium has ended");
        serde_json::from_slice(&message).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The end of its input is its end.
        let _ = write!(self.to, "{}\0", json!({ "id": 0, "method": "Browser.close" }));
        let _ = self.child.wait();
    }
}

pub(crate) struct Tab<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Tab<'_> {
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    fn wait(&mut self, event: &str) {
        while !self.events(event).iter().any(|found| found["method"] == event) {
            let message = self.browser.next();
            self.browser.events.push(message);
        }
    }

    /// What has happened here whose name starts so.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let events = self.browser.events.iter();
        let here = events.filter(|event| event["sessionId"] == self.session);
        here.filter(|event| event["method"].as_str().is_some_and(|method| method.starts_with(name))).cloned().collect()
    }

    fn resize(&mut self, look: Look, height: u64) {
        let size = json!({ "width": look.width, "height": height, "deviceScaleFactor": 1, "mobile": look.mobile });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// The value of an expression of JavaScript, a promise's too.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut found = self.call("Runtime.evaluate", params);
        assert!(found["exceptionDetails"].is_null(), "{found}");
        found["result"]["value"].take()
    }

    /// Leaves a picture of the whole page, made as high as it takes.
    pub(crate) fn picture(&mut self, look: Look, path: &Path) {
        let height = self.value("document.documentElement.scrollHeight").as_u64().unwrap();
        self.resize(look, height);
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let picture = picture["data"].as_str().unwrap();
        fs::write(path, base64::Engine::decode(&base64::engine::general_purpose::STANDARD, picture).unwrap()).unwrap();
    }

    /// Everything that anybody wrote to the console, threw, or was warned of.
    pub(crate) fn complaints(&self) -> Vec<Value> {
        let names = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];
        names.iter().flat_map(|name| self.events(name)).collect()
    }

    /// The URLs that anything was asked of.
    pub(crate) fn requests(&self) -> Vec<String> {
        let events = self.events("Network.requestWillBeSent").into_iter();
        let urls = events.filter_map(|event| Some(event["params"]["request"]["url"].as_str()?.to_owned()));
        urls.filter(|url| url != "about:blank").collect()
    }
}
