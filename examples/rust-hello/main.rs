//! A custom runtime in Rust with the standard library alone: asks the HTTP Runtime API for an
//! event, answers it, asks again. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

/// The function: shows its event and says hello.
fn handler(event: &str) -> std::result::Result<String, String> {
    if event.contains("\"fail\"") {
        return Err("told to fail".to_string());
    }
    eprintln!("event of {} characters", event.len());
    Ok(format!(r#"{{"message":"Hello from Rust!","event":{event}}}"#))
}

/// One HTTP/1.1 connection to the Runtime API.
struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
}

struct Answer {
    request_id: String,
    body: String,
}

impl Connection {
    fn open(host: String) -> Result<Connection> {
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Connection { host, stream: BufReader::new(stream) })
    }

    fn request(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {}\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> Result<Answer> {
        let (mut length, mut request_id) = (0, String::new());
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the Runtime API is gone"));
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "lambda-runtime-aws-request-id" => request_id = value.trim().to_string(),
                _ => {}
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        let body = String::from_utf8(bytes).map_err(|e| Error::new(ErrorKind::InvalidData, e))?;
        Ok(Answer { request_id, body })
    }
}

fn main() -> Result<()> {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API")
        .map_err(|_| Error::new(ErrorKind::NotFound, "AWS_LAMBDA_RUNTIME_API is not set"))?;
    let mut api = Connection::open(host)?;
    loop {
        let event = api.request("GET", "invocation/next", "", "")?;
        let call = format!("invocation/{}", event.request_id);
        match handler(&event.body) {
            Ok(answer) => api.request("POST", &format!("{call}/response"), "", &answer)?,
            Err(text) => {
                let report =
                    format!(r#"{{"errorType":"Failed","errorMessage":"{text}","stackTrace":[]}}"#);
                let kind = "Lambda-Runtime-Function-Error-Type: Function.Failed\r\n";
                api.request("POST", &format!("{call}/error"), kind, &report)?
            }
        };
    }
}
