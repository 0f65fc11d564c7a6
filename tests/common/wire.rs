//! Requests over a socket, as any client sends them, and the frames of server-sent events.
#![allow(dead_code, reason = "each test binary and benchmark uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// How long a test waits for what must come: much longer than it ever takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line =
            self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim())
    }
}

/// Sends a request and reads its answer whole.
pub(crate) fn send(
    at: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = begin(at, method, path, headers, body.len());
    // A refusal may come before all of the body is taken.
    let _refused = stream.write_all(body);
    finish(stream)
}

/// Sends the head of a request whose body is to follow.
pub(crate) fn begin(
    at: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    length: usize,
) -> TcpStream {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if length > 0 || method == "POST" {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("sent");
    stream
}

/// Waits until a service that was told to `Expect: 100-continue` wants the body.
pub(crate) fn told_to_go_on(stream: &mut TcpStream) {
    const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut told = [0; GO_ON.len()];
    stream.read_exact(&mut told).expect("an answer");
    assert_eq!(told, GO_ON, "{}", String::from_utf8_lossy(&told));
}

/// Reads an answer whole.
pub(crate) fn finish(mut stream: TcpStream) -> Answer {
    let (mut bytes, mut part, end) = (Vec::new(), vec![0; 1 << 16], Instant::now() + 10 * PATIENCE);
    loop {
        match stream.read(&mut part) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&part[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // The end, or a reset after the answer.
            _ => break,
        }
        assert!(Instant::now() < end, "an answer without an end");
    }
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..at].to_vec()).expect("UTF-8");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    let mut body = bytes[at + 4..].to_vec();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Answer { status, head, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").expect("a length");
        let length = std::str::from_utf8(&rest[..end]).expect("UTF-8");
        let length = usize::from_str_radix(length, 16).expect("hexadecimal");
        if length == 0 {
            return all;
        }
        all.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

pub(crate) fn get(at: SocketAddr, path: &str) -> Answer {
    send(at, "GET", path, &[], b"")
}

/// A frame of server-sent events; a comment has only that.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: String,
    pub(crate) comment: String,
    pub(crate) retry: String,
}

impl Frame {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.data).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A client of server-sent events.
pub(crate) struct Events {
    frames: Receiver<Frame>,
    stream: TcpStream,
}

impl Events {
    /// Asks for events, and waits until the service says that it is there.
    pub(crate) fn listen(at: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let stream = begin(at, "GET", path, headers, 0);
        let (tell, frames) = channel();
        let read = stream.try_clone().expect("cloned");
        std::thread::spawn(move || {
            let mut frame = Frame::default();
            for line in BufReader::new(read).lines().map_while(Result::ok) {
                // Lengths of chunks and heads fall out with what has no field.
                if line.is_empty() {
                    let whole = std::mem::take(&mut frame);
                    if whole != Frame::default() && tell.send(whole).is_err() {
                        return;
                    }
                    continue;
                }
                let Some((field, value)) = line.split_once(':') else { continue };
                let value = value.trim().to_owned();
                match field {
                    "id" => frame.id = value,
                    "event" => frame.event = value,
                    "data" => frame.data = value,
                    "retry" => frame.retry = value,
                    "" => frame.comment = value,
                    _ => {}
                }
            }
        });
        Self { frames, stream }
    }

    /// The next frame; `None` at the end.
    pub(crate) fn next(&self) -> Option<Frame> {
        self.frames.recv_timeout(PATIENCE).ok()
    }

    /// The next frame that is meant, however often the line is kept alive meanwhile.
    pub(crate) fn until(&self, meant: impl Fn(&Frame) -> bool) -> Frame {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let frame = self.next().expect("a frame");
            if meant(&frame) {
                return frame;
            }
        }
        panic!("what was meant never came");
    }

    /// The next frame of an event.
    pub(crate) fn event(&self) -> Frame {
        self.until(|frame| !frame.event.is_empty())
    }

    /// The next event of a kind.
    pub(crate) fn of(&self, kind: &str) -> Frame {
        self.until(|frame| frame.event == kind)
    }

    /// Goes away.
    pub(crate) fn close(self) {
        let _gone = self.stream.shutdown(std::net::Shutdown::Both);
    }
}
