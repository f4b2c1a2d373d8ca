//! Every code has a page under `docs/errors/`, and every page has a code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headwater_contract::{Code, Contract, render};

#[test]
fn every_code_has_a_page_and_every_page_has_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let pages: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_string_lossy().strip_suffix(".md").map(str::to_owned)
        })
        .filter(|name| name.starts_with("HW"))
        .collect();
    let codes: BTreeSet<String> = Code::all().iter().map(ToString::to_string).collect();
    assert_eq!(pages, codes);
}

#[test]
fn every_page_says_what_it_means_with_an_example_and_a_fix() {
    for code in Code::all() {
        let page = code.page();
        assert!(
            page.starts_with(&format!("# {code}: {}\n", code.title())),
            "{code}: the title is the table's"
        );
        let mut sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        sections.dedup();
        assert_eq!(sections, ["Meaning", "Example", "Fix"], "{code}");
        let example = page.split("## Example").nth(1).unwrap();
        assert!(
            example.contains("```") && example.contains(&format!("[{code}]")),
            "{code}: the example shows it"
        );
        assert!(page.ends_with('\n') && !page.contains("\n\n\n"), "{code}");
    }
}

#[test]
fn codes_are_in_order_and_are_found_however_they_are_written() {
    assert!(Code::all().windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(Code::find("HW0101"), Some(Code::HW0101));
    assert_eq!(Code::find("hw0101"), Some(Code::HW0101));
    assert_eq!(Code::find("0101"), Some(Code::HW0101));
    assert_eq!(Code::find("HW9999"), None);
    assert_eq!(Code::find("ä"), None);
}

#[test]
fn the_pages_about_contracts_show_what_is_really_said() {
    for code in Code::all().iter().filter(|code| code.id().starts_with("HW05")) {
        let source = code.page().split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let findings = Contract::parse(Path::new("publishers/flight-ops/contract.toml"), source).unwrap_err();
        let shown = render::terminal(&findings, false);
        assert!(findings.iter().all(|finding| finding.code == *code), "{code}: {findings:?}");
        assert!(code.page().contains(shown.trim_end()), "docs/errors/{code}.md should show\n{shown}");
    }
}
