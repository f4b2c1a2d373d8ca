//! A projection compared with its service's contract: a fixture for each way in which they differ.

#[test]
fn accepts_what_fits_and_explains_what_does_not() {
    let fixtures = trybuild::TestCases::new();
    fixtures.pass("tests/contract/pass/*.rs");
    fixtures.compile_fail("tests/contract/fail/*.rs");
}
