//! Connecting as a process does, from its options, to real servers that ask for every kind of credential.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};
use headwater_event::{ContractText, Contracted, EventSchema};
use headwater_log::service::{ConnectError, Connection, ContractCheck, Exit, Joined, Logs, Shutdown};
use headwater_log::testkit::{Proxy, Server};
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa};
use serde_json::json;

/// A command as others write one.
#[derive(Parser, Debug)]
struct Command {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    logs: Logs,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Doctor,
}

fn connection(arguments: &[&str]) -> Connection {
    parse(arguments).unwrap().connection
}

fn parse(arguments: &[&str]) -> Result<Command, clap::Error> {
    // The environment of whoever runs the tests has no say.
    let command = Command::command().mut_args(|argument| argument.env(None::<&str>));
    let matches = command.try_get_matches_from(["command"].iter().chain(arguments))?;
    Command::from_arg_matches(&matches)
}

/// Connects, and proves it by a round trip.
async fn connects(arguments: &[&str]) {
    let client = connection(arguments).connect("headwater-test").await.unwrap();
    client.flush().await.unwrap();
}

async fn refused(arguments: &[&str]) -> ConnectError {
    let error = connection(arguments).connect("headwater-test").await.unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    error
}

fn write(dir: &Path, name: &str, text: impl AsRef<str>) -> String {
    let path = dir.join(name);
    fs::write(&path, text.as_ref()).unwrap();
    path.display().to_string()
}

async fn server_with_password() -> Server {
    let config = "authorization { users: [{ user: ana, password: \"s3cret/pw\" }] }";
    Server::builder().config(config).start().await.unwrap()
}

#[tokio::test]
async fn connects_without_credentials_and_names_itself() {
    let server = Server::start().await.unwrap();
    let client = connection(&["--server", &server.url()]).connect("flight-ops").await.unwrap();
    assert_eq!(client.server_info().port, server.port());
    client.flush().await.unwrap();

    let client = Connection::to(&server.url()).unwrap().connect("flight-ops").await.unwrap();
    client.flush().await.unwrap();
}

#[tokio::test]
async fn connects_to_the_server_that_answers_among_several() {
    let mut dead = Server::start().await.unwrap();
    dead.kill().await.unwrap();
    let server = Server::start().await.unwrap();
    connects(&["--server", &format!("{},{}", dead.url(), server.url())]).await;
}

#[tokio::test]
async fn connects_with_user_and_password() {
    let server = server_with_password().await;
    connects(&["--server", &server.url(), "--user", "ana", "--password", "s3cret/pw"]).await;
}

#[tokio::test]
async fn connects_with_user_and_password_in_the_address() {
    let server = server_with_password().await;
    connects(&["--server", &format!("nats://ana:s3cret%2Fpw@127.0.0.1:{}", server.port())]).await;
}

#[tokio::test]
async fn reports_a_wrong_password_at_once_and_without_showing_it() {
    let server = server_with_password().await;
    let start = Instant::now();
    let error = refused(&["--server", &server.url(), "--user", "ana", "--password", "wr0ng"]).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(
        error.to_string(),
        format!(
            "the NATS server at {} refused the user `ana` with the password that was given: authorization \
             violation; check --user and --password (NATS_USER, NATS_PASSWORD), or the context",
            server.url()
        )
    );
    assert!(!error.is_unreachable());
    assert_eq!(error.exit(), Exit::Failed);
}

#[tokio::test]
async fn says_which_options_to_give_when_credentials_are_missing() {
    let server = server_with_password().await;
    let error = refused(&["--server", &server.url()]).await.to_string();
    assert!(error.contains("a client without credentials: authorization violation"), "{error}");
    assert!(error.contains("give --user and --password"), "{error}");
}

#[tokio::test]
async fn connects_with_a_token() {
    let server = Server::builder().config("authorization { token: t0ken }").start().await.unwrap();
    connects(&["--server", &server.url(), "--token", "t0ken"]).await;
    connects(&["--server", &format!("nats://t0ken@127.0.0.1:{}", server.port())]).await;
    let error = refused(&["--server", &server.url(), "--token", "wr0ng"]).await.to_string();
    assert!(error.contains("check --token (NATS_TOKEN)") && !error.contains("wr0ng"), "{error}");
}

#[tokio::test]
async fn connects_with_an_nkey_file() {
    let dir = tempfile::tempdir().unwrap();
    let user = KeyPair::new_user();
    let config = format!("authorization {{ users: [{{ nkey: {} }}] }}", user.public_key());
    let server = Server::builder().config(config).start().await.unwrap();

    let bare = write(dir.path(), "bare.nk", format!("{}\n", user.seed().unwrap()));
    connects(&["--server", &server.url(), "--nkey", &bare]).await;
    let decorated = write(
        dir.path(),
        "decorated.nk",
        format!("-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n", user.seed().unwrap()),
    );
    connects(&["--server", &server.url(), "--nkey", &decorated]).await;

    let stranger = write(dir.path(), "stranger.nk", KeyPair::new_user().seed().unwrap());
    let error = refused(&["--server", &server.url(), "--nkey", &stranger]).await.to_string();
    assert!(error.contains("check that the server knows this nkey's public key"), "{error}");
}

#[tokio::test]
async fn says_what_is_wrong_with_an_nkey_file() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder()
        .config(format!("authorization {{ users: [{{ nkey: {} }}] }}", KeyPair::new_user().public_key()))
        .start()
        .await
        .unwrap();
    let public = write(dir.path(), "public.nk", KeyPair::new_user().public_key());
    let broken = write(dir.path(), "broken.nk", "SUBROKEN");
    for file in [&public, &broken] {
        let error = refused(&["--server", &server.url(), "--nkey", file]).await;
        assert!(error.to_string().contains(file.as_str()), "{error}");
        assert!(error.to_string().contains("no valid seed of a user"), "{error}");
        assert_eq!(error.exit(), Exit::Usage);
    }
    let error = refused(&["--server", &server.url(), "--nkey", "/nowhere/x.nk"]).await.to_string();
    assert_eq!(error, "cannot use /nowhere/x.nk to connect to NATS: there is no such file");
}

/// A signed claim of the decentralized authentication, as `nsc` makes them.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: serde_json::Value) -> String {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "jti": "test", "iat": 1_700_000_000, "iss": issuer.public_key(), "name": "test",
        "sub": subject.public_key(), "nats": nats,
    });
    let body = format!("{}.{}", encode(json!({"typ": "JWT", "alg": "ed25519-nkey"})), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(body.as_bytes()).unwrap());
    format!("{body}.{signature}")
}

fn creds(jwt: &str, user: &KeyPair) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    )
}

#[tokio::test]
async fn connects_with_a_credentials_file() {
    let dir = tempfile::tempdir().unwrap();
    let (operator, system, account) =
        (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
    let limits = json!({"subs": -1, "data": -1, "payload": -1, "conn": -1, "leaf": -1, "imports": -1,
        "exports": -1, "wildcards": true});
    let account_claims = json!({"type": "account", "version": 2, "limits": limits});
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{ {}: {}\n {}: {} }}",
        jwt(&operator, &operator, json!({"type": "operator", "version": 2})),
        system.public_key(),
        system.public_key(),
        jwt(&operator, &system, account_claims.clone()),
        account.public_key(),
        jwt(&operator, &account, account_claims),
    );
    let server = Server::builder().config(config).start().await.unwrap();

    let user = KeyPair::new_user();
    let user_claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
    let right = write(dir.path(), "right.creds", creds(&jwt(&account, &user, user_claims.clone()), &user));
    connects(&["--server", &server.url(), "--creds", &right]).await;

    let stranger = KeyPair::new_account();
    let wrong = write(dir.path(), "wrong.creds", creds(&jwt(&stranger, &user, user_claims), &user));
    let error = refused(&["--server", &server.url(), "--creds", &wrong]).await.to_string();
    assert!(error.contains("wrong.creds: authorization violation"), "{error}");
    assert!(error.contains("the server knows their account"), "{error}");
}

#[tokio::test]
async fn says_what_is_wrong_with_a_credentials_file() {
    let dir = tempfile::tempdir().unwrap();
    let empty = write(dir.path(), "empty.creds", "nothing here");
    let error = refused(&["--server", "nats://127.0.0.1:1", "--creds", &empty]).await;
    assert!(error.to_string().contains("it is no credentials file"), "{error}");
    assert_eq!(error.exit(), Exit::Usage);
}

/// A certificate authority in a directory, and what it signs.
struct Authority {
    dir: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
        write(dir.path(), "ca.pem", issuer.pem());
        Self { dir, issuer }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Writes `<name>.pem` and `<name>.key`.
    fn sign(&self, name: &str) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        write(self.dir.path(), &format!("{name}.pem"), certificate.pem());
        write(self.dir.path(), &format!("{name}.key"), key.serialize_pem());
    }

    async fn server(&self, more: &str) -> Server {
        self.sign("server");
        let config = format!(
            "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\"\n {more} }}",
            self.path("server.pem"),
            self.path("server.key"),
            self.path("ca.pem"),
        );
        Server::builder().config(config).start().await.unwrap()
    }
}

#[tokio::test]
async fn connects_over_tls_with_its_own_authority() {
    let authority = Authority::new();
    let server = authority.server("").await;
    connects(&["--server", &server.url(), "--tls-ca", &authority.path("ca.pem")]).await;
}

#[tokio::test]
async fn reports_a_certificate_of_another_authority_at_once() {
    let server = Authority::new();
    let other = Authority::new();
    let running = server.server("").await;
    let error = refused(&["--server", &running.url(), "--tls-ca", &other.path("ca.pem")]).await;
    let text = error.to_string();
    assert!(text.contains("no TLS connection to the NATS server at nats://127.0.0.1"), "{text}");
    assert!(text.contains("invalid peer certificate"), "{text}");
    assert!(text.contains("--tls-ca"), "{text}");
    assert_eq!(text.matches("certificate:").count(), 1, "{text}");
    assert_eq!(error.exit(), Exit::Failed);
}

#[tokio::test]
async fn shows_its_own_certificate_to_a_server_that_asks_for_one() {
    let authority = Authority::new();
    let server = authority.server("verify: true").await;
    authority.sign("client");
    let (ca, certificate, key) =
        (authority.path("ca.pem"), authority.path("client.pem"), authority.path("client.key"));
    connects(&["--server", &server.url(), "--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &key])
        .await;
    let error = refused(&["--server", &server.url(), "--tls-ca", &ca]).await.to_string();
    assert!(error.contains("--tls-cert and --tls-key"), "{error}");
}

#[tokio::test]
async fn refuses_a_server_without_tls_when_an_authority_is_named() {
    let authority = Authority::new();
    let server = Server::start().await.unwrap();
    refused(&["--server", &server.url(), "--tls-ca", &authority.path("ca.pem"), "--connect-timeout", "1"])
        .await;
}

#[tokio::test]
async fn says_which_tls_file_is_wrong() {
    let authority = Authority::new();
    authority.sign("client");
    let key = authority.path("client.key");
    let error = refused(&["--server", "nats://127.0.0.1:1", "--tls-ca", &key]).await.to_string();
    assert_eq!(error, format!("cannot use {key} to connect to NATS: it holds no certificate in PEM form"));
}

#[tokio::test]
async fn reports_an_unreachable_server_in_one_line_after_the_connect_timeout() {
    let mut server = Server::start().await.unwrap();
    server.kill().await.unwrap();
    let start = Instant::now();
    let error = refused(&["--server", &server.url(), "--connect-timeout", "0.5"]).await;
    assert!((0.5..3.0).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    assert_eq!(
        error.to_string(),
        format!(
            "no NATS server at {} answered within 0.5 s: connection refused; start one, or name another with \
             --server or NATS_URL",
            server.url()
        )
    );
    assert!(error.is_unreachable());
    assert_eq!(error.exit(), Exit::Unavailable);
}

#[tokio::test]
async fn reports_a_server_that_accepts_and_says_nothing() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    proxy.drop_replies();
    let error = refused(&["--server", &proxy.url(), "--connect-timeout", "0.5"]).await.to_string();
    assert!(error.contains("within 0.5 s: no answer;"), "{error}");
}

/// A service without events.
struct Idle;

impl Contracted for Idle {
    const CONTRACT: ContractText = ContractText {
        service: "idle",
        version: "0.1.0",
        path: "contract.toml",
        text: "[service]\nname = \"idle\"\nowner = \"shop\"\n",
    };

    fn schemas() -> Vec<EventSchema> {
        Vec::new()
    }
}

#[tokio::test]
async fn a_service_that_is_to_end_waits_for_no_server() {
    let logged = Logged::default();
    let _guard = logged.start();
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    proxy.drop_replies();
    let connection = connection(&["--server", &proxy.url(), "--connect-timeout", "3600"]);
    let shutdown = Shutdown::on_signals().unwrap();
    let joining = Joined::join::<Idle>("idle", &connection, ContractCheck::Refuse, &shutdown);
    // The request comes when the first attempt to connect is under way.
    let asking = async {
        tokio::task::yield_now().await;
        shutdown.request();
    };
    let joining = async { tokio::join!(joining, asking).0 };
    let joined =
        tokio::time::timeout(Duration::from_secs(60), joining).await.expect("it waits for the server");
    assert!(joined.unwrap().is_none());
    logged.comes("stopped before its contract was announced").await;
}

#[tokio::test]
async fn waits_for_a_server_that_is_still_starting() {
    let mut server = Server::start().await.unwrap();
    server.kill().await.unwrap();
    let url = server.url();
    let client = tokio::spawn(async move {
        connection(&["--server", &url, "--connect-timeout", "20"]).connect("headwater-test").await
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.restart().await.unwrap();
    client.await.unwrap().unwrap().flush().await.unwrap();
}

/// What the process logs while this is in scope, on this thread.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    async fn comes(&self, wanted: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !String::from_utf8_lossy(&self.0.lock().unwrap()).contains(wanted) {
            assert!(Instant::now() < deadline, "no `{wanted}`");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn start(&self) -> tracing::subscriber::DefaultGuard {
        let logged = self.clone();
        let lines = tracing_subscriber::fmt().with_env_filter("info,async_nats=off").with_ansi(false);
        tracing::subscriber::set_default(lines.with_writer(move || logged.clone()).finish())
    }
}

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn comes_back_after_the_server_was_away_and_logs_both() {
    let logged = Logged::default();
    let _guard = logged.start();
    let mut server = Server::start().await.unwrap();
    let client = connection(&["--server", &server.url()]).connect("headwater-test").await.unwrap();
    server.kill().await.unwrap();
    logged.comes("lost the connection to NATS").await;
    server.restart().await.unwrap();
    logged.comes("connected to NATS again").await;
    client.flush().await.unwrap();
}

#[tokio::test]
async fn logs_a_publish_that_the_server_denied() {
    let logged = Logged::default();
    let _guard = logged.start();
    let config =
        "authorization { users: [{ user: ana, password: pw, permissions: { publish: \"mine.>\" } }] }";
    let server = Server::builder().config(config).start().await.unwrap();
    let options = ["--server", &server.url(), "--user", "ana", "--password", "pw"];
    let client = connection(&options).connect("headwater-test").await.unwrap();
    client.publish("yours", "x".into()).await.unwrap();
    logged.comes("Permissions Violation for Publish to").await;
}

#[tokio::test]
async fn takes_everything_from_a_context_file() {
    let dir = tempfile::tempdir().unwrap();
    let server = server_with_password().await;
    let context = json!({
        "description": "a test", "url": server.url(), "user": "ana", "password": "s3cret/pw", "creds": "",
        "inbox_prefix": "_INBOX.ana", "jetstream_domain": "",
    });
    let path = write(dir.path(), "test.json", context.to_string());
    let client = connection(&["--context", &path]).connect("headwater-test").await.unwrap();
    client.flush().await.unwrap();
    assert!(client.new_inbox().starts_with("_INBOX.ana."), "{}", client.new_inbox());
}

#[tokio::test]
async fn lets_options_win_over_the_context() {
    let dir = tempfile::tempdir().unwrap();
    let server = server_with_password().await;
    let context = json!({"url": "nats://127.0.0.1:1", "token": "wrong"});
    let path = write(dir.path(), "test.json", context.to_string());
    let options = ["--server", &server.url(), "--user", "ana", "--password", "s3cret/pw"];
    connects(&[["--context", &path].as_slice(), &options].concat()).await;
}

#[tokio::test]
async fn takes_tls_and_nkey_files_from_a_context() {
    let authority = Authority::new();
    let user = KeyPair::new_user();
    authority.sign("client");
    authority.sign("server");
    let seed = write(authority.dir.path(), "user.nk", user.seed().unwrap());
    let config = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true, handshake_first: true }}\n\
         authorization {{ users: [{{ nkey: {} }}] }}",
        authority.path("server.pem"),
        authority.path("server.key"),
        authority.path("ca.pem"),
        user.public_key()
    );
    let server = Server::builder().config(config).start().await.unwrap();
    let context = json!({
        "url": server.url(), "nkey": seed, "ca": authority.path("ca.pem"), "cert": authority.path("client.pem"),
        "key": authority.path("client.key"), "tls_first": true,
    });
    let path = write(authority.dir.path(), "context.json", context.to_string());
    connects(&["--context", &path]).await;
}

#[tokio::test]
async fn says_what_is_wrong_with_a_context() {
    let dir = tempfile::tempdir().unwrap();
    let missing: PathBuf = dir.path().join("missing.json");
    let error = refused(&["--context", missing.to_str().unwrap()]).await;
    assert!(error.to_string().contains("missing.json: there is no such file; `nats context ls`"), "{error}");
    assert_eq!(error.exit(), Exit::Usage);

    let broken = write(dir.path(), "broken.json", "{\"token\": 12345}");
    let error = refused(&["--context", &broken]).await.to_string();
    assert!(error.contains("line 1 column 15") && !error.contains("12345"), "{error}");

    let wrong = write(dir.path(), "wrong.json", "{\"url\": \"http://ana:pw@a\"}");
    let error = refused(&["--context", &wrong]).await.to_string();
    assert!(error.contains("`http://***@a` is not the address of a NATS server"), "{error}");
}

#[test]
fn takes_one_way_to_authenticate_only() {
    let ways: [&[&str]; 4] =
        [&["--creds", "x"], &["--nkey", "x"], &["--token", "x"], &["--user", "x", "--password", "x"]];
    for (place, one) in ways.iter().enumerate() {
        parse(one).unwrap();
        for other in &ways[place + 1..] {
            let error = parse(&[*one, *other].concat()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{one:?} {other:?}");
        }
    }
}

#[test]
fn takes_no_half_of_a_pair() {
    for half in ["--user", "--password", "--tls-cert", "--tls-key"] {
        assert_eq!(parse(&[half, "x"]).unwrap_err().kind(), ErrorKind::MissingRequiredArgument, "{half}");
    }
}

#[test]
fn takes_its_options_after_a_subcommand_too() {
    let command =
        parse(&["doctor", "--server", "nats://a", "--user", "u", "--password", "p", "--log-level", "debug"]);
    let debug = format!("{:?}", command.unwrap());
    assert!(
        debug.contains("[nats://a]") && debug.contains("Some(\"u\")") && debug.contains("debug"),
        "{debug}"
    );
}

#[test]
fn refuses_values_that_mean_nothing() {
    for (option, value) in [
        ("--server", "http://a"),
        ("--connect-timeout", "0"),
        ("--connect-timeout", "-1"),
        ("--connect-timeout", "NaN"),
        ("--log-level", "headwater=loud"),
        ("--log-format", "xml"),
    ] {
        let error = parse(&[&format!("{option}={value}")]).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()), "{option}={value}");
    }
}

const CHILD: &str = "HEADWATER_CONNECTION_TEST_CHILD";

#[test]
fn a_child_that_takes_its_options_from_the_environment() {
    if std::env::var_os(CHILD).is_some() {
        println!("{:?}", Command::parse_from(["command"]));
        println!("{}", Command::command().render_long_help());
    }
}

#[test]
fn takes_its_options_from_the_environment_ignores_empty_ones_and_helps_without_their_values() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_child_that_takes_its_options_from_the_environment", "--nocapture"])
        .env_clear()
        .envs([
            (CHILD, "1"),
            ("NATS_URL", "nats://url-s3cret@n1:4223"),
            ("NATS_USER", "ana"),
            ("NATS_PASSWORD", "s3cret"),
            ("NATS_TOKEN", ""),
            ("NATS_CREDS", ""),
            ("NATS_CONTEXT", ""),
            ("HEADWATER_LOG", "warn"),
        ])
        .output()
        .unwrap();
    let output = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success(), "{output}{}", String::from_utf8_lossy(&child.stderr));
    for wanted in ["[nats://n1:4223]", "Some(\"ana\")", "log_level: \"warn\"", "[env: NATS_PASSWORD]"] {
        assert!(output.contains(wanted), "no {wanted} in {output}");
    }
    assert!(!output.contains("s3cret"), "{output}");
}

#[test]
fn shows_no_secret_when_it_is_printed() {
    let secrets = [
        connection(&["--server", "nats://ana:s3cret@a"]),
        connection(&["--user", "ana", "--password", "s3cret"]),
        connection(&["--token", "s3cret"]),
    ];
    for connection in secrets {
        assert!(!format!("{connection:?} {connection:#?}").contains("s3cret"), "{connection:?}");
    }
}
