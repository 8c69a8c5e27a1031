//! What a command makes, and the making of the one that is wanted most.

use super::Command;
use crate::id::StreamId;
use crate::text::MessageText;

impl Command {
    /// Posts a text with nothing else to it.
    #[must_use]
    pub fn post(stream: StreamId, text: MessageText) -> Self {
        Self::Post { stream, text, reply_to: None, thread: None, topic: None, files: Vec::new() }
    }

    /// Whether doing it twice makes two things, where other commands only bring about again what
    /// they say.
    #[must_use]
    pub fn makes(&self) -> bool {
        matches!(
            self,
            Self::Post { .. }
                | Self::CreateCircle { .. }
                | Self::CreateRole { .. }
                | Self::CreateInvite { .. }
                | Self::OfferReset { .. }
                | Self::CreateStream { .. }
                | Self::CreateGroup { .. }
                | Self::CreateTopic { .. }
                | Self::Change { .. }
                | Self::Undo { .. }
                | Self::Redo { .. }
        )
    }
}
