use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

use crate::Admission;
use crate::problem::{Problem, ProblemKind};

/// Which service a bearer token stands for.
///
/// Only hashes of tokens are kept, and looked up: how long a look-up takes tells nothing of a token.
#[derive(Debug, Clone)]
pub struct Tokens(HashMap<[u8; 32], String>);

/// Why a file of tokens can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It can't be read.
    #[error("{} can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line isn't a service and a token. The line is not shown: it may be a secret.
    #[error(
        "line {line} is no service and token; write `billing sha256:<64 hex digits>`, or the token itself"
    )]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// A token can be guessed.
    #[error(
        "the token on line {line} is too short; use {BYTES_MIN} random characters or more, as of `openssl rand -hex 32`"
    )]
    Short {
        /// The line, from 1.
        line: usize,
    },
    /// A token stands for two services.
    #[error("the token on line {line} is there before; each service has its own")]
    Twice {
        /// The line, from 1.
        line: usize,
    },
    /// A token is for a service without contract.
    #[error("line {line} has a token for {service}, whose contract isn't given")]
    Unknown {
        /// The line, from 1.
        line: usize,
        /// The service.
        service: String,
    },
    /// Nobody could publish.
    #[error("there is no token in the file")]
    Empty,
}

/// The shortest token that is taken.
const BYTES_MIN: usize = 16;

impl Tokens {
    /// Reads a file of tokens: on each line a service's name, and a token or `sha256:` and its hash. A service may have several, so
    /// that one can be exchanged for another. Empty lines and those that begin with `#` mean nothing.
    ///
    /// # Errors
    ///
    /// [`TokensError`], which shows no token.
    pub fn load(path: &Path, admission: &Admission) -> Result<Self, TokensError> {
        let text = fs::read_to_string(path);
        Self::parse(&text.map_err(|source| TokensError::Io { path: path.to_owned(), source })?, admission)
    }

    fn parse(text: &str, admission: &Admission) -> Result<Self, TokensError> {
        let mut tokens = HashMap::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mut words = text.split_whitespace();
            let (Some(service), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return Err(TokensError::Line { line });
            };
            if !admission.knows(service) {
                return Err(TokensError::Unknown { line, service: service.to_owned() });
            }
            let hash = match token.strip_prefix("sha256:") {
                Some(digits) => from_hex(digits).ok_or(TokensError::Line { line })?,
                None if token.len() < BYTES_MIN => return Err(TokensError::Short { line }),
                None => Sha256::digest(token).into(),
            };
            if tokens.insert(hash, service.to_owned()).is_some() {
                return Err(TokensError::Twice { line });
            }
        }
        if tokens.is_empty() { Err(TokensError::Empty) } else { Ok(Self(tokens)) }
    }

    /// The service that sends a request (RFC 6750).
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<&str, Problem> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (first, second) = (given.next(), given.next());
        let Some(value) = first.filter(|_| second.is_none()) else {
            let detail = "send a token of the service: `Authorization: Bearer <token>`";
            return Err(unauthenticated(detail, "Bearer realm=\"headwater-edge\""));
        };
        let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
        let hash: [u8; 32] = Sha256::digest(token.trim()).into();
        let service = self.0.get(&hash).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
        service.map(String::as_str).ok_or_else(|| {
            let detail = "the token is nobody's";
            unauthenticated(detail, "Bearer realm=\"headwater-edge\", error=\"invalid_token\"")
        })
    }
}

fn unauthenticated(detail: &str, challenge: &'static str) -> Problem {
    Problem::new(ProblemKind::UNAUTHENTICATED, detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
