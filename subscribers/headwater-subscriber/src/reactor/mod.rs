//! Reactors: subscribers with side effects.

mod acknowledging;
mod asks;
mod attempt;
mod attempt_metrics;
mod breaker;
mod definition;
mod effect;
mod error_texts;
mod lane;
mod lanes;
mod options;
mod react;
mod reactor_error;
mod reactor_http;
mod reactor_lag;
mod reactor_metrics;
mod record;
mod recorder;
mod runner;
mod service;
mod shift;
mod status;

pub use definition::Reactor;
pub use effect::{Effect, IdempotencyKey};
pub use options::ReactorOptions;
pub use react::{React, ReactError};
pub use reactor_error::ReactorError;
pub use reactor_http::ReactorHttp;
pub use runner::ReactorRunner;
pub use service::{ReactorArgs, reactor_main, reactor_main_with};
pub use status::{BreakerState, ReactorHealth, ReactorStatus};
