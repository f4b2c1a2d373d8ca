//! How long it takes to read and check the contracts of a large system: `cargo run --release --example
//! gate_speed`.
#![expect(clippy::print_stdout, reason = "what it measures is its output")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headwater_contract::{Contract, Finding, render};
use headwater_schema::TypeSchemas;
use headwater_schema::graph::{Graph, System, check};

const DOMAINS: usize = 20;
const EVENTS_PER_DOMAIN: usize = 50;
const PUBLISHERS_PER_DOMAIN: usize = 3;
const READERS: usize = 240;
const EVENTS_PER_READER: usize = 12;
const RUNS: usize = 51;

fn main() -> Result<(), Box<dyn Error>> {
    let contracts = contracts();
    println!(
        "{} event types, {} services, medians of {RUNS} runs",
        DOMAINS * EVENTS_PER_DOMAIN,
        contracts.len()
    );
    report("fits", &contracts)?;
    // What one team drops, others read.
    let dropped: Vec<(PathBuf, String)> =
        contracts.iter().filter(|(path, _)| !path.starts_with("publishers/dom0-pub0")).cloned().collect();
    report("one publisher dropped", &dropped)?;
    // The worst that can happen to everyone at once.
    let outdated: Vec<(PathBuf, String)> =
        contracts.iter().map(|(path, source)| (path.clone(), source.replace("event", "evnet"))).collect();
    report("every name misspelt", &outdated)
}

fn report(name: &str, contracts: &[(PathBuf, String)]) -> Result<(), Box<dyn Error>> {
    let (mut parsing, mut checking, mut rendering, mut drawing) = (vec![], vec![], vec![], vec![]);
    let (mut found, mut types) = (0, types()?);
    for _ in 0..RUNS {
        let (elapsed, parsed) = timed(|| parse(contracts));
        parsing.push(elapsed);
        let contracts = parsed.map_err(|findings| render::terminal(&findings, false))?;
        let system = System {
            contracts,
            events: Some(std::mem::take(&mut types)),
            imported: Vec::new(),
            today: jiff::civil::date(2027, 1, 15),
        };
        let (elapsed, findings) = timed(|| check(&system));
        checking.push(elapsed);
        rendering.push(timed(|| render::cargo(&findings)).0);
        drawing.push(timed(|| Graph::of(&system).mermaid()).0);
        found = findings.len();
        types = system.events.unwrap_or_default();
    }
    println!(
        "{name}: parse {:.1} ms, check {:.1} ms, render {found} findings {:.1} ms, draw {:.1} ms",
        median_ms(parsing),
        median_ms(checking),
        median_ms(rendering),
        median_ms(drawing)
    );
    Ok(())
}

fn parse(contracts: &[(PathBuf, String)]) -> Result<Vec<Contract>, Vec<Finding>> {
    contracts.iter().map(|(path, source)| Contract::parse(path, source.as_str())).collect()
}

fn contracts() -> Vec<(PathBuf, String)> {
    let mut contracts = Vec::new();
    for domain in 0..DOMAINS {
        for publisher in 0..PUBLISHERS_PER_DOMAIN {
            let name = format!("dom{domain}-pub{publisher}");
            let mut source = format!(
                "[service]\nname = \"{name}\"\nowner = \"team{domain}\"\n\
                 domain = \"domain{domain}\"\n\n[publishes]\n"
            );
            for event in (publisher..EVENTS_PER_DOMAIN).step_by(PUBLISHERS_PER_DOMAIN) {
                source.push_str(&format!("{:?} = 2\n", event_name(domain * EVENTS_PER_DOMAIN + event)));
            }
            contracts.push((Path::new("publishers").join(name).join("contract.toml"), source));
        }
    }
    for reader in 0..READERS {
        let name = format!("reader{reader}");
        let mut source = format!("[service]\nname = \"{name}\"\nowner = \"team{reader}\"\n\n[subscribes]\n");
        for event in 0..EVENTS_PER_READER {
            source.push_str(&format!("{:?} = 2\n", event_name(reader * EVENTS_PER_READER + event)));
        }
        source.push_str("\n[keeps]\ntotals = \"one row for each day\"\n");
        contracts.push((Path::new("subscribers").join(name).join("contract.toml"), source));
    }
    contracts
}

fn types() -> Result<Vec<TypeSchemas>, Box<dyn Error>> {
    let mut types = Vec::new();
    for number in 0..DOMAINS * EVENTS_PER_DOMAIN {
        for version in 1..=2 {
            let name = event_name(number);
            types.push(TypeSchemas {
                event: format!("{name}@{version}").parse()?,
                event_type: format!("dev.headwater.{name}.v{version}"),
                rust_type: format!("events::number{number}::V{version}"),
                declared_at: None,
                doc: String::new(),
                upcasts: version == 2,
                serialize: serde_json::Value::Bool(true),
                deserialize: serde_json::Value::Bool(true),
            });
        }
    }
    Ok(types)
}

fn event_name(number: usize) -> String {
    let number = number % (DOMAINS * EVENTS_PER_DOMAIN);
    format!("domain{}.aggregate{}.event{number}", number / EVENTS_PER_DOMAIN, number % EVENTS_PER_DOMAIN / 10)
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}
