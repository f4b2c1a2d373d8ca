//! `#[outbox]` by what it accepts and by what it says when it refuses: a fixture per mistake.

#[test]
fn accepts_what_is_right_and_explains_what_is_wrong() {
    let fixtures = trybuild::TestCases::new();
    fixtures.pass("tests/outbox/pass/*.rs");
    fixtures.compile_fail("tests/outbox/fail/*.rs");
}
