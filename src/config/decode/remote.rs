//! `provider:` of a target: who answers, at which address, with which key.

use super::{Decoder, TIMEOUTS};
use crate::chat::Surface;
use crate::config::settings::TargetKind;
use crate::upstream::provider;
use crate::upstream::{AwsKeys, Remote, RemoteError, RemoteSettings};
use crate::yaml::{Cursor, Fields};

const AWS: &[&str] = &["access_key_id", "secret_access_key", "session_token"];

impl Decoder<'_> {
    pub(super) fn remote(&mut self, at: &Cursor<'_>, fields: &Fields<'_>) -> Option<TargetKind> {
        let name = self.reader.text(at)?;
        let Some(provider) = provider::named(name) else {
            self.reader.unknown_word(at, ("provider", name), provider::names());
            return None;
        };
        let model = fields.need("model", &mut self.reader);
        let model = model.and_then(|at| self.reader.sentence(&at)).map(str::to_owned);
        let mut remote = RemoteSettings::of(provider, "");
        self.place(at, fields, &mut remote)?;
        if let Some(at) = fields.get("timeouts")
            && let Some(fields) = self.reader.fields(&at, TIMEOUTS)
        {
            let timeouts = &mut remote.timeouts;
            self.set(&fields, "connect", &mut timeouts.connect, Self::duration);
            self.set(&fields, "first_byte", &mut timeouts.first_byte, Self::duration);
            self.set(&fields, "idle", &mut timeouts.idle, Self::duration);
            self.set(&fields, "total", &mut timeouts.total, Self::duration);
        }
        self.set(fields, "timeout", &mut remote.timeouts.total, Self::duration);
        if let Some(at) = fields.get("key") {
            remote.key = Some(self.secret(&at)?);
        }
        remote.speaks = fields.get("speaks").map(|at| self.surfaces(&at));
        if let Some(at) = fields.get("aws") {
            remote.signing = Some(self.aws(&at)?);
        }
        remote.model = model?;
        match Remote::new(&remote) {
            Ok(_) => Some(TargetKind::Remote(remote)),
            Err(error) => {
                let place = match error {
                    RemoteError::Signing => fields.get("aws"),
                    RemoteError::Surface(_) | RemoteError::Mute => fields.get("speaks"),
                    RemoteError::BaseUrl | RemoteError::Key | RemoteError::Region => {
                        fields.get("base_url")
                    }
                };
                self.reader.wrong(place.as_ref().unwrap_or(at), error.to_string());
                None
            }
        }
    }

    /// The interfaces that a server speaks.
    fn surfaces(&mut self, at: &Cursor<'_>) -> Vec<Surface> {
        let known = Surface::ALL.map(|surface| (surface.word(), surface));
        let items = self.reader.list(at).unwrap_or_default();
        items.iter().filter_map(|item| self.word(item, "interface", &known)).collect()
    }

    /// What the address is made of.
    fn place(
        &mut self,
        at: &Cursor<'_>,
        fields: &Fields<'_>,
        remote: &mut RemoteSettings,
    ) -> Option<()> {
        for (name, place) in
            [("region", &mut remote.region), ("api_version", &mut remote.api_version)]
        {
            if let Some(at) = fields.get(name) {
                *place = Some(self.part_of_address(&at)?);
            }
        }
        match fields.get("base_url") {
            Some(at) => self.reader.sentence(&at)?.clone_into(&mut remote.base_url),
            None if remote.base_url.is_empty() => {
                let message = format!("`{}` has no address of its own", remote.provider.name());
                let help = "write the address of your resource in `base_url`";
                self.reader.wrong_with_help(at, message, help);
                return None;
            }
            None => {}
        }
        Some(())
    }

    fn part_of_address(&mut self, at: &Cursor<'_>) -> Option<String> {
        let text = self.reader.text(at)?;
        if !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
            return Some(text.to_owned());
        }
        let message = format!("`{text}` cannot be part of an address");
        self.reader.wrong_with_help(at, message, "use letters, digits and `-`");
        None
    }

    fn aws(&mut self, at: &Cursor<'_>) -> Option<AwsKeys> {
        let fields = self.reader.fields(at, AWS)?;
        let id = fields.need("access_key_id", &mut self.reader)?;
        let key = fields.need("secret_access_key", &mut self.reader)?;
        let session_token = match fields.get("session_token") {
            Some(at) => Some(self.secret(&at)?),
            None => None,
        };
        Some(AwsKeys {
            access_key_id: self.secret(&id)?,
            secret_access_key: self.secret(&key)?,
            session_token,
        })
    }
}
