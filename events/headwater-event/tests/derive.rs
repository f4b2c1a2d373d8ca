//! The derive macros by what they accept and by what they say when they refuse: a fixture per mistake.

#[test]
fn accepts_what_is_right_and_explains_what_is_wrong() {
    let fixtures = trybuild::TestCases::new();
    fixtures.pass("tests/pass/*.rs");
    fixtures.compile_fail("tests/fail/*.rs");
}
