//! Where a request to connect anew leads: a URL, or a part of one that stands for where the client is.

/// Why a request to connect anew names nothing that can be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTcUrl {
    /// It is longer than any URL of an application.
    #[error("tcUrl of {0} bytes exceeds the limit of {MAX_LEN}")]
    TooLong(usize),
    /// It has spaces, control characters or what is not ASCII.
    #[error("tcUrl {0:?} has characters that no URL has")]
    Characters(String),
    /// It is neither of RTMP nor relative with a slash in front.
    #[error("tcUrl {0:?} is not of RTMP")]
    Scheme(String),
    /// It has no host, or no application.
    #[error("tcUrl {0:?} names no host with an application")]
    Incomplete(String),
}

/// The URL that a server means by `reference`, said to a client that connected to `base`. Nothing means the same.
pub(super) fn resolve(base: &str, reference: Option<&str>) -> Result<String, BadTcUrl> {
    let Some(reference) = reference.filter(|reference| !reference.is_empty()) else {
        return Ok(base.to_owned());
    };
    if reference.len() > MAX_LEN {
        return Err(BadTcUrl::TooLong(reference.len()));
    }
    if !reference.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BadTcUrl::Characters(reference.to_owned()));
    }
    let (scheme, authority) = split(base).map_or(("rtmp", ""), |(scheme, rest)| (scheme, authority(rest)));
    let url = match (reference.strip_prefix("//"), reference.strip_prefix('/')) {
        (Some(rest), _) => format!("{scheme}://{rest}"),
        (None, Some(path)) => format!("{scheme}://{authority}/{path}"),
        (None, None) => reference.to_owned(),
    };
    let (scheme, rest) = split(&url).ok_or_else(|| BadTcUrl::Scheme(reference.to_owned()))?;
    if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(BadTcUrl::Scheme(reference.to_owned()));
    }
    let has_application = rest.split_once('/').is_some_and(|(host, path)| !host.is_empty() && !path.is_empty());
    has_application.then_some(url).ok_or_else(|| BadTcUrl::Incomplete(reference.to_owned()))
}

fn split(url: &str) -> Option<(&str, &str)> {
    url.split_once("://")
}

fn authority(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}

/// In bytes.
const MAX_LEN: usize = 4096;
/// In plain, and over TLS.
const SCHEMES: [&str; 2] = ["rtmp", "rtmps"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resolved(reference: &str) -> Result<String, BadTcUrl> {
        resolve("rtmp://here:1936/live/room", Some(reference))
    }

    #[test]
    fn request_without_a_url_leads_to_the_same() {
        assert_eq!(resolve("rtmp://here/live", None).unwrap(), "rtmp://here/live");
        assert_eq!(resolved("").unwrap(), "rtmp://here:1936/live/room");
    }

    #[test]
    fn url_may_leave_out_what_stays_the_same() {
        assert_eq!(resolved("rtmps://there:443/other").unwrap(), "rtmps://there:443/other");
        assert_eq!(resolved("//192.0.2.1/live").unwrap(), "rtmp://192.0.2.1/live");
        assert_eq!(resolved("/other/room").unwrap(), "rtmp://here:1936/other/room");
    }

    #[test]
    fn url_that_leads_nowhere_is_named() {
        let said = |reference: &str| resolved(reference).unwrap_err().to_string();

        assert_eq!(said("http://there/live"), r#"tcUrl "http://there/live" is not of RTMP"#);
        assert_eq!(said("live"), r#"tcUrl "live" is not of RTMP"#);
        assert_eq!(said("rtmp://there"), r#"tcUrl "rtmp://there" names no host with an application"#);
        assert_eq!(said("///live"), r#"tcUrl "///live" names no host with an application"#);
        assert_eq!(said("/"), r#"tcUrl "/" names no host with an application"#);
        assert_eq!(said("rtmp://a b/c\0"), r#"tcUrl "rtmp://a b/c\0" has characters that no URL has"#);
        assert_eq!(said(&"/".repeat(5000)), "tcUrl of 5000 bytes exceeds the limit of 4096");
    }

    proptest! {
        #[test]
        fn any_url_is_followed_or_refused(base: String, reference: String) {
            if let Ok(url) = resolve(&base, Some(&reference)) {
                prop_assert!(url == base || url.contains("://"));
            }
        }
    }
}
