use std::collections::BTreeMap;

use prometheus_parse::{Scrape, Value};

use super::client::Answer;

/// The figures, by name and labels, as a parser reads them. Each has the label that says whose it is.
pub(crate) fn figures(metrics: &Answer, (kind, name): (&str, &str)) -> BTreeMap<String, f64> {
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.ends_with("# EOF\n"), "{}", metrics.body);
    let lines = metrics.body.lines().map(|line| Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).unwrap();
    let samples = scrape.samples.into_iter().map(|sample| {
        assert_eq!(sample.labels.get(kind), Some(name), "{sample:?}");
        let mut labels: Vec<_> = sample.labels.iter().filter(|(name, _)| *name != kind).collect();
        labels.sort();
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let value = match sample.value {
            Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => value,
            Value::Histogram(buckets) => buckets.last().unwrap().count,
            Value::Summary(_) => panic!("{}", sample.metric),
        };
        (format!("{} {}", sample.metric, labels.join(",")).trim_end().to_owned(), value)
    });
    samples.collect()
}
