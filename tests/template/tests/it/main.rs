//! template.yaml, openapi.yaml, asyncapi.yaml, the samples under events/ the code and the simulation say the same.

mod devices;
mod failures;
mod functions;
mod lint;
mod permissions;
mod routes;
mod samples;
mod simulation;
mod template;
