//! Why a schema can't be reasoned about.

use thiserror::Error;

/// Why a schema can't be reasoned about.
#[derive(Debug, Clone, PartialEq, Error)]
pub(super) enum LoadError {
    #[error("`{keyword}` has a value of the wrong type at `#/{at}`")]
    WrongType { keyword: String, at: String },
    #[error("`{keyword}` at `#/{at}` is beyond what can be reasoned about")]
    Unsupported { keyword: String, at: String },
    #[error("`$ref` at `#/{at}` leads outside of the document, to `{reference}`")]
    Remote { reference: String, at: String },
    #[error("`$ref` at `#/{at}` leads nowhere: `{reference}`")]
    Unresolved { reference: String, at: String },
    #[error("`{uri}` is no URI that could be resolved")]
    WrongUri { uri: String },
    #[error("a `$ref` leads back to itself without going into a part of the document")]
    SelfReference,
    #[error("`$schema` names the dialect `{uri}`, which isn't known")]
    Dialect { uri: String },
    #[error("it mixes keywords of different drafts, so add `$schema`")]
    MixedDrafts,
    #[error("what is beside `$ref` counts since 2019-09 only, and no draft is named, so add `$schema`")]
    BesideReference,
    #[error("it is nested too deeply or too large")]
    TooLarge,
    #[error("the validator refuses it: {message}")]
    Refused { message: String },
}
