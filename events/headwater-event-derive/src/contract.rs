pub(crate) mod check;

use std::path::{Path, PathBuf};

use headwater_contract::{Contract, Finding};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr};

use crate::name::Errors;

/// The contract that a macro's attribute names.
pub(crate) struct ServiceContract {
    /// The contract; its path is as the attribute says.
    pub(crate) contract: Contract,
    file: PathBuf,
}

impl ServiceContract {
    /// Reads the file that `path` names, relative to the crate; or, for programs of one file such as tests,
    /// beside the source.
    pub(crate) fn load(path: &LitStr) -> Result<Self, Error> {
        let shown = path.value();
        let (file, text) = read(path).map_err(|error| {
            Error::new_spanned(
                path,
                format!(
                    "{shown} can't be read: {error}; it lies beside Cargo.toml, and begins with [service]"
                ),
            )
        })?;
        match Contract::parse(Path::new(&shown), text) {
            Ok(contract) => Ok(Self { contract, file }),
            Err(mut findings) => {
                findings.sort_by(Finding::reading_order);
                let mut errors = Errors::default();
                for finding in &findings {
                    errors.push(Error::new_spanned(path, text_of(finding)));
                }
                errors.finish()?;
                Err(Error::new_spanned(path, format!("{shown} can't be understood")))
            }
        }
    }

    /// The service's name.
    pub(crate) fn service(&self) -> &str {
        self.contract.name()
    }

    /// The path, as the attribute says.
    pub(crate) fn path(&self) -> String {
        self.contract.path.display().to_string()
    }

    /// The expression of a `ContractText`. It includes the file, so that an edit of it compiles the code again.
    pub(crate) fn constant(&self, root: &TokenStream) -> TokenStream {
        let (service, path) = (self.service(), self.path());
        let file = self.file.display().to_string();
        quote! {
            #root::ContractText {
                service: #service,
                version: ::core::env!("CARGO_PKG_VERSION"),
                path: #path,
                text: ::core::include_str!(#file),
            }
        }
    }
}

fn read(path: &LitStr) -> std::io::Result<(PathBuf, String)> {
    let in_crate =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(path.value());
    let beside =
        path.span().unwrap().local_file().and_then(|source| Some(source.parent()?.join(path.value())));
    let file = match beside {
        Some(beside) if !in_crate.exists() && beside.exists() => std::path::absolute(beside)?,
        _ => in_crate,
    };
    let text = std::fs::read_to_string(&file)?;
    Ok((file, text))
}

/// What is wrong with a contract, in rustc's manner.
fn text_of(finding: &Finding) -> String {
    let place = finding.place.as_ref().map(|place| format!("{}: ", place.location())).unwrap_or_default();
    let mut text = format!("{place}{} ({})", finding.message, finding.code);
    for note in &finding.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}
