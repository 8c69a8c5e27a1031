//! The commands, one file each.

pub(crate) mod admin;
pub(crate) mod backup;
pub(crate) mod block;
pub(crate) mod call;
pub(crate) mod chat;
pub(crate) mod check;
pub(crate) mod circle;
pub(crate) mod claim;
pub(crate) mod completions;
pub(crate) mod config_show;
mod contents;
pub(crate) mod dm;
pub(crate) mod download;
pub(crate) mod invite;
pub(crate) mod join;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod moderate;
pub(crate) mod passwd;
pub(crate) mod picture;
pub(crate) mod preference;
pub(crate) mod private;
pub(crate) mod profile;
pub(crate) mod read;
pub(crate) mod restore;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod sessions;
pub(crate) mod signup;
pub(crate) mod site;
pub(crate) mod stream;
pub(crate) mod topic;
pub(crate) mod who;

use crate::cli::{Cli, Command};
use crate::context::Context;

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let context = Context { server: cli.server, profile: cli.profile, json: cli.json };
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Admin(args) => admin::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Config(args) => config_show::run(args).await,
        Command::Signup(args) => signup::run(&context, args).await,
        Command::Claim(args) => claim::run(&context, args).await,
        Command::Login(args) => login::run(&context, args).await,
        Command::Passwd(args) => passwd::run(&context, args).await,
        Command::Logout(args) => logout::run(&context, args).await,
        Command::Profile(args) => profile::run(&context, args).await,
        Command::Preference(args) => preference::run(&context, args).await,
        Command::Circle(args) => circle::run(&context, args).await,
        Command::Stream(args) => stream::run(&context, args).await,
        Command::Topic(args) => topic::run(&context, args).await,
        Command::Call(args) => call::run(&context, args).await,
        Command::Service(args) => service::run(&context, args).await,
        Command::Invite(args) => invite::run(&context, args).await,
        Command::Join(args) => join::run(&context, args).await,
        Command::Send(args) => send::run(&context, args).await,
        Command::Read(args) => read::run(&context, args).await,
        Command::Download(args) => download::run(&context, args).await,
        Command::Search(args) => search::run(&context, args).await,
        Command::Dm(args) => dm::run(&context, args).await,
        Command::Private(args) => private::run(&context, args).await,
        Command::Chat(args) => chat::run(&context, args).await,
        Command::Who(args) => who::run(&context, args).await,
        Command::Block(args) => block::run(&context, args, true).await,
        Command::Unblock(args) => block::run(&context, args, false).await,
        Command::Kick(args) => moderate::run(&context, args, moderate::Act::Kick).await,
        Command::Ban(args) => moderate::run(&context, args, moderate::Act::Ban).await,
        Command::Unban(args) => moderate::run(&context, args, moderate::Act::Unban).await,
        Command::Site(args) => site::run(&context, args).await,
        Command::Sessions(args) => sessions::run(&context, args).await,
        Command::Picture => picture::run(),
        Command::Completions(args) => completions::run(&args),
    }
}
