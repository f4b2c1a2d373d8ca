use syn::ext::IdentExt as _;
use syn::{Error, Ident};

use crate::contract::ServiceContract;
use crate::name::Errors;

/// Compares the contract's `[keeps]` with the tables, if it has one.
pub(super) fn compare(
    contract: &ServiceContract,
    projection: &Ident,
    tables: &[&Ident],
) -> Result<(), Error> {
    let (path, kept) = (contract.path(), &contract.contract.keeps);
    let mut errors = Errors::default();
    if kept.is_empty() {
        return errors.finish();
    }
    for table in tables {
        let name = table.unraw().to_string();
        if kept.iter().all(|kept| kept.name != name) {
            let message = format!(
                "`{name}` is not under [keeps] in {path}: add `{name} = \"...\"` there, which says to reviewers what it holds"
            );
            errors.push(Error::new_spanned(table, message));
        }
    }
    for kept in kept {
        if tables.iter().all(|table| table.unraw() != kept.name) {
            let (line, name) = (contract.contract.line_of(&kept.span), &kept.name);
            let message = format!(
                "{path}:{line} keeps `{name}`, and `{projection}` has no such table: add `{name}: Table<...>`, or remove the line"
            );
            errors.push(Error::new_spanned(projection, message));
        }
    }
    errors.finish()
}
