use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headwater_contract::render;
use headwater_schema::graph::codes;

use crate::cases::cases;
use crate::given::Given as _;

#[test]
fn each_file_of_a_check_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graph/checks");
    let table = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
        .filter(|name| name != "mod")
        .collect();
    for file in &files {
        assert!(table.contains(&format!("    {file}::CHECK,")), "{file}");
    }
    assert_eq!(files.len(), codes().len());
}

#[test]
fn each_check_has_a_code_of_its_own_and_a_case() {
    let codes = codes();
    let distinct: BTreeSet<_> = codes.iter().collect();
    assert_eq!(distinct.len(), codes.len());
    assert_eq!(cases().iter().map(|case| case.code).collect::<Vec<_>>(), codes);
}

#[test]
fn each_check_fires_in_its_case_and_is_quiet_beside_it() {
    for case in cases() {
        let fires = case.fires.codes();
        assert!(fires.contains(&case.code.id()), "{}: {fires:?}", case.code);
        let quiet = case.quiet.codes();
        assert!(!quiet.contains(&case.code.id()), "{}: {quiet:?}", case.code);
    }
}

#[test]
fn each_finding_says_what_where_and_what_to_do() {
    let shown: Vec<String> =
        cases().iter().map(|case| render::terminal(&case.fires.findings(), false)).collect();
    insta::assert_snapshot!(shown.concat());
    for finding in cases().iter().flat_map(|case| case.fires.findings()) {
        assert!(finding.help.is_some(), "{finding:?}");
    }
}

#[test]
fn each_page_shows_what_is_really_said() {
    for case in cases() {
        let findings: Vec<_> =
            case.fires.findings().into_iter().filter(|finding| finding.code == case.code).collect();
        let shown = render::terminal(&findings, false);
        assert!(
            case.code.page().contains(shown.trim_end()),
            "docs/errors/{}.md should show\n{shown}",
            case.code
        );
    }
}
