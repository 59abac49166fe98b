//! A small web server on the loopback interface, for pages of another origin.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Status line, headers and body of one path.
#[derive(Clone)]
struct Answer {
    status: &'static str,
    headers: String,
    body: String,
}

/// Serves fixed answers by path until the process ends.
pub(crate) struct Server {
    pub(crate) origin: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"))
    }

    /// On the IPv6 loopback interface, where there is one.
    pub(crate) fn start_v6() -> Option<Self> {
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
        Some(Self::serve(listener))
    }

    fn serve(listener: TcpListener) -> Self {
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Self {
            origin,
            answers: Arc::default(),
            asked: Arc::default(),
        };
        let (answers, asked) = (server.answers.clone(), server.asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, asked) = (answers.clone(), asked.clone());
                thread::spawn(move || serve(stream, &answers, &asked));
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(crate) fn page(self, path: &str, body: &str) -> Self {
        self.answer(path, "200 OK", "Content-Type: text/html\r\n", body)
    }

    pub(crate) fn redirect(self, path: &str, to: &str) -> Self {
        self.answer(path, "302 Found", &format!("Location: {to}\r\n"), "")
    }

    pub(crate) fn answer(
        self,
        path: &str,
        status: &'static str,
        headers: &str,
        body: &str,
    ) -> Self {
        let answer = Answer {
            status,
            headers: headers.into(),
            body: body.into(),
        };
        self.answers
            .lock()
            .expect("nobody panics with it")
            .insert(path.into(), answer);
        self
    }
}

fn serve(
    stream: TcpStream,
    answers: &Mutex<HashMap<String, Answer>>,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    for line in lines {
        if line.ok()?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1)?.to_owned();
    asked
        .lock()
        .expect("nobody panics with it")
        .push(path.clone());
    let found = answers
        .lock()
        .expect("nobody panics with it")
        .get(&path)
        .cloned();
    let answer = found.unwrap_or(Answer {
        status: "404 Not Found",
        headers: String::new(),
        body: String::new(),
    });
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.headers,
        answer.body.len()
    );
    stream.write_all((head + &answer.body).as_bytes()).ok()
}
