//! What a reactor's derive macro says when it refuses, also of its contract.

#[test]
fn explains_what_is_wrong() {
    let fixtures = trybuild::TestCases::new();
    fixtures.compile_fail("tests/reactor_derive/fail/*.rs");
}
