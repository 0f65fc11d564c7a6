//! The one place where absolute links begin: the public address, else what a trusted proxy tells, else the Host.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Extensions, HeaderMap, Uri};
use ipnet::IpNet;

use crate::engine::params::values::BadValue;

/// Under which name the service is known, whose word about that counts, and whose pages may read from it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    public: Option<Public>,
    trusted: Vec<IpNet>,
    pub(super) origins: Vec<String>,
}

/// The address that clients use, wherever the service listens.
#[derive(Clone, Debug)]
struct Public {
    /// Without a slash at its end.
    base: String,
    authority: Authority,
}

impl Access {
    /// Reads what is configured: the public URL, addresses or networks of trusted proxies (no proxy is trusted
    /// unless it is listed, on this machine neither), and origins whose pages may read (`*` for any) and,
    /// where they are named, run analyses.
    ///
    /// # Errors
    ///
    /// [`BadValue`] that names the key and the mend.
    pub fn new(public_url: Option<&str>, proxies: &[String], origins: &[String]) -> Result<Self, BadValue> {
        let bad = |name: &str, value: &str, mend: &str| BadValue {
            name: name.to_owned(),
            value: value.to_owned(),
            mend: mend.to_owned(),
        };
        let known = public_url.map(|text| {
            let mend = "give the address that clients use, e.g. https://maps.example.org/hotblocks";
            public(text).ok_or_else(|| bad("public_url", text, mend))
        });
        let network = |text: &String| {
            let alone = text.parse::<IpAddr>().map(IpNet::from);
            let mend = "give an address such as 127.0.0.1 or a network such as 10.0.0.0/8";
            alone.or_else(|_| text.parse()).map_err(|_| bad("trusted_proxies", text, mend))
        };
        let origin = |text: &String| {
            let is_origin = text == "*" || public(text).is_some_and(|p| p.base == *text && p.is_bare());
            let mend = "give an origin such as https://maps.example.org, or * where the data are public";
            if is_origin { Ok(text.to_lowercase()) } else { Err(bad("allow_origins", text, mend)) }
        };
        Ok(Self {
            public: known.transpose()?,
            trusted: proxies.iter().map(network).collect::<Result<_, _>>()?,
            origins: origins.iter().map(origin).collect::<Result<_, _>>()?,
        })
    }

    /// Whether clients know the service by this name.
    pub(super) fn is_public_name(&self, host: &str) -> bool {
        self.public.as_ref().is_some_and(|public| public.authority.as_str().eq_ignore_ascii_case(host))
    }

    /// Where links begin that answer this request.
    pub(super) fn base_of(&self, request: &Request) -> Base {
        if let Some(public) = &self.public {
            return Base(public.base.clone());
        }
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let told = peer.filter(|&peer| self.trusts(peer)).map(|_| self.told(request.headers()));
        let Told { proto, host, prefix } = told.unwrap_or_default();
        let host = host.as_deref().unwrap_or_else(|| super::guard::host(request));
        Base(format!("{}://{host}{}", proto.unwrap_or("http"), prefix.unwrap_or_default()))
    }

    /// Who asks: the one at the other end, and behind trusted proxies the one of whom the last of them tells.
    pub(super) fn client_of(&self, request: &Request) -> Client {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical();
        if !self.trusts(peer) {
            return Client(peer);
        }
        let forwarded = list(request.headers(), "forwarded");
        let told: Vec<String> = if forwarded.is_empty() {
            list(request.headers(), "x-forwarded-for")
        } else {
            let by = |hop: &String| pairs(hop).into_iter().find(|(name, _)| name == "for");
            forwarded.iter().map(|hop| by(hop).map(|(_, name)| name).unwrap_or_default()).collect()
        };
        let mut client = peer;
        for name in told.iter().rev() {
            // What is no address, such as `unknown`, is told apart no further than the proxy that says so.
            let Some(address) = address(name) else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        Client(client)
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted.iter().any(|network| network.contains(&peer))
    }

    /// What the proxies told. Each adds its word at the end: the word that counts is that of the first proxy behind
    /// which all are trusted, for what stands before it a client may have written.
    fn told(&self, headers: &HeaderMap) -> Told {
        let forwarded = list(headers, "forwarded");
        if !forwarded.is_empty() {
            let hops: Vec<Vec<(String, String)>> = forwarded.iter().map(|hop| pairs(hop)).collect();
            let value = |hop: &[(String, String)], name: &str| {
                hop.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            };
            let trusted =
                hops.iter().rev().take_while(|hop| value(hop, "for").is_some_and(|by| self.trusts_name(&by)));
            let at = nth_last(hops.len(), trusted.count());
            return Told {
                proto: value(&hops[at], "proto").and_then(|text| proto(&text)),
                host: value(&hops[at], "host").and_then(|text| host(&text)),
                prefix: None,
            };
        }
        let hops = list(headers, "x-forwarded-for");
        let trusted = hops.iter().rev().take_while(|by| self.trusts_name(by)).count();
        let word = |name: &'static str| {
            let words = list(headers, name);
            (!words.is_empty()).then(|| words[nth_last(words.len(), trusted)].clone())
        };
        Told {
            proto: word("x-forwarded-proto").and_then(|text| proto(&text)),
            host: word("x-forwarded-host").and_then(|text| host(&text)),
            prefix: word("x-forwarded-prefix").and_then(|text| prefix(&text)),
        }
    }

    /// Whether a name of `Forwarded` or `X-Forwarded-For`, with or without a port, is that of a trusted proxy.
    fn trusts_name(&self, name: &str) -> bool {
        address(name).is_some_and(|address| self.trusts(address))
    }
}

/// The address of a name of `Forwarded` or `X-Forwarded-For`, with or without a port.
fn address(name: &str) -> Option<IpAddr> {
    let bare = name.trim_start_matches('[').split(']').next().unwrap_or_default();
    bare.parse().or_else(|_| name.parse::<SocketAddr>().map(|address| address.ip())).ok()
}

/// Who asks, as far as addresses tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client(IpAddr);

impl Client {
    /// What counts as one client: an address, of the new network all that one line is given.
    pub(super) fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }
}

impl Public {
    /// Whether nothing follows the authority, and its letters are small, as in an `Origin`.
    fn is_bare(&self) -> bool {
        self.base.split("://").nth(1) == Some(self.authority.as_str())
    }
}

/// What trusted proxies say of the address that the client used.
#[derive(Default)]
struct Told {
    proto: Option<&'static str>,
    host: Option<String>,
    prefix: Option<String>,
}

/// Where absolute links begin, `https://maps.example.org/hotblocks`: paths are put behind it.
///
/// Handlers that do not take the whole request take this as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base(pub(super) String);

impl Base {
    fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(|| Self("http://127.0.0.1".to_owned()))
    }
}

impl<S: Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// Where absolute links begin that answer this request; no slash at the end.
pub(super) fn base(request: &Request) -> String {
    Base::of(request.extensions()).0
}

/// The last but `back`, or the first.
fn nth_last(len: usize, back: usize) -> usize {
    len.saturating_sub(1).saturating_sub(back)
}

/// The elements of a header that may stand in several lines.
fn list(headers: &HeaderMap, name: &'static str) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(|one| one.trim().to_owned())
        .filter(|o| !o.is_empty())
        .collect()
}

/// `for=192.0.2.43;host="example.org:8443"` as names, in small letters, and values.
fn pairs(hop: &str) -> Vec<(String, String)> {
    let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().trim_matches('"').to_owned()))
        .collect()
}

fn proto(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|known| text.eq_ignore_ascii_case(known))
}

/// A name that may stand in a link.
fn host(text: &str) -> Option<String> {
    let authority = text.parse::<Authority>().ok()?;
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    (is_plain && !authority.host().is_empty()).then(|| text.to_owned())
}

/// A path that may stand in a link, without a slash at its end.
fn prefix(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b));
    let is_path = text.starts_with('/') && text.split('/').skip(1).all(|p| !["", ".", ".."].contains(&p));
    (is_plain && is_path).then(|| text.to_owned())
}

fn public(text: &str) -> Option<Public> {
    let uri: Uri = text.parse().ok()?;
    let scheme = proto(uri.scheme_str()?)?;
    let authority = uri.authority()?.clone();
    let host = host(authority.as_str())?;
    let path = match uri.path().trim_end_matches('/') {
        "" => String::new(),
        path => prefix(path)?,
    };
    let is_whole = uri.query().is_none() && !text.contains('#');
    is_whole.then(|| Public { base: format!("{scheme}://{host}{path}"), authority })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header;

    use super::*;

    fn base_of(access: &Access, peer: Option<&str>, headers: &[(&str, &str)]) -> String {
        let mut request = Request::builder().uri("/collections").header(header::HOST, "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).expect("a request");
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().expect("one"), 5000)));
        }
        access.base_of(&request).0
    }

    fn behind(proxies: &[&str]) -> Access {
        let proxies: Vec<String> = proxies.iter().map(|&proxy| proxy.to_owned()).collect();
        Access::new(None, &proxies, &[]).expect("usable")
    }

    const FORWARDED: [(&str, &str); 3] = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "maps.example.org"),
        ("x-forwarded-prefix", "/hot/"),
    ];

    #[test]
    fn a_f2_a_trusted_proxy_s_word_counts_and_nobody_else_s() {
        let told = "https://maps.example.org/hot";
        let plain = "http://127.0.0.1:8080";
        for (proxies, peer, expected) in [
            (&["10.0.0.0/8"][..], Some("10.1.2.3"), told),
            (&["10.0.0.0/8"], Some("11.1.2.3"), plain),
            (&["10.0.0.0/8"], Some("127.0.0.1"), plain),
            (&["127.0.0.1"], Some("127.0.0.1"), told),
            (&["127.0.0.1"], Some("::ffff:127.0.0.1"), told),
            (&["::1"], Some("::1"), told),
            (&[], Some("127.0.0.1"), plain),
            (&["127.0.0.1"], None, plain),
        ] {
            assert_eq!(base_of(&behind(proxies), peer, &FORWARDED), expected, "{proxies:?} {peer:?}");
        }
    }

    #[test]
    fn a_f2_forwarded_is_read_and_wins() {
        let access = behind(&["127.0.0.1"]);
        let ask = |value: &str| {
            let mut headers = vec![("forwarded", value)];
            headers.extend(FORWARDED);
            base_of(&access, Some("127.0.0.1"), &headers)
        };
        assert_eq!(ask("for=192.0.2.43;host=\"a.example:8443\";proto=https"), "https://a.example:8443");
        assert_eq!(ask("For=\"[2001:db8::1]:80\"; Host=a.example; Proto=HTTPS"), "https://a.example");
        assert_eq!(ask("for=192.0.2.43"), "http://127.0.0.1:8080");
    }

    #[test]
    fn a_f2_what_a_client_wrote_before_the_proxy_s_word_does_not_count() {
        let access = behind(&["127.0.0.1", "10.0.0.1"]);
        let ask = |headers: &[(&str, &str)]| base_of(&access, Some("127.0.0.1"), headers);
        let spoofed = "host=evil.example;proto=https, for=192.0.2.9;host=a.example;proto=https";
        assert_eq!(ask(&[("forwarded", spoofed)]), "https://a.example");
        let two = "for=192.0.2.9;host=a.example, for=10.0.0.1;host=inner";
        assert_eq!(ask(&[("forwarded", two)]), "http://a.example", "the inner proxy repeats the outer one");
        let hosts = ("x-forwarded-host", "evil.example, a.example");
        assert_eq!(ask(&[hosts, ("x-forwarded-for", "192.0.2.9")]), "http://a.example");
        let chain = ("x-forwarded-for", "192.0.2.9, 10.0.0.1");
        assert_eq!(ask(&[("x-forwarded-host", "a.example, inner"), chain]), "http://a.example");
    }

    #[test]
    fn a_client_is_its_own_address_and_behind_trusted_proxies_the_one_that_they_tell() {
        let access = behind(&["127.0.0.1", "10.0.0.1"]);
        for (peer, headers, expected) in [
            ("192.0.2.1", &[("forwarded", "for=192.0.2.9")][..], "192.0.2.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[("forwarded", "for=198.51.100.7, for=192.0.2.9")], "192.0.2.9"),
            ("127.0.0.1", &[("forwarded", "for=192.0.2.9;host=a, for=\"10.0.0.1:80\"")], "192.0.2.9"),
            ("127.0.0.1", &[("x-forwarded-for", "198.51.100.7, 192.0.2.9, 10.0.0.1")], "192.0.2.9"),
            ("127.0.0.1", &[("forwarded", "for=unknown")], "127.0.0.1"),
            ("127.0.0.1", &[("forwarded", "for=\"[2001:db8:1:2:3:4:5:6]:80\"")], "2001:db8:1:2::"),
        ] {
            let mut request = Request::builder().uri("/events");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut request = request.body(Body::empty()).expect("a request");
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().expect("one"), 5000)));
            let client = access.client_of(&request).network();
            assert_eq!(client, expected.parse::<IpAddr>().expect("one"), "{peer} {headers:?}");
        }
    }

    #[test]
    fn a_f2_what_cannot_stand_in_a_link_is_not_taken() {
        let access = behind(&["127.0.0.1"]);
        for (name, value) in [
            ("x-forwarded-host", "evil.example/\"><script>"),
            ("x-forwarded-host", "user@evil.example"),
            ("x-forwarded-host", "a b"),
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-prefix", "//evil.example"),
            ("x-forwarded-prefix", "/a/../b"),
            ("x-forwarded-prefix", "evil"),
        ] {
            let got = base_of(&access, Some("127.0.0.1"), &[(name, value)]);
            assert_eq!(got, "http://127.0.0.1:8080", "{name}: {value}");
        }
    }

    #[test]
    fn a_f2_the_public_url_wins_over_all() {
        let trusted = ["127.0.0.1".to_owned()];
        let access = Access::new(Some("https://Maps.example.org/hot/"), &trusted, &[]).expect("usable");
        let base = base_of(&access, Some("127.0.0.1"), &[("x-forwarded-host", "b.example")]);
        assert_eq!(base, "https://Maps.example.org/hot");
        assert!(access.is_public_name("maps.example.org") && !access.is_public_name("maps.example.org.evil"));
        for bad in ["maps.example.org", "ftp://a", "https://u@a", "https://a/?x", "https://a/#x", "", "/hot"]
        {
            assert!(Access::new(Some(bad), &[], &[]).is_err(), "{bad}");
        }
        for bad in ["localhost", "10.0.0.0/33", ""] {
            assert!(Access::new(None, &[bad.to_owned()], &[]).is_err(), "{bad}");
        }
        for (origin, fits) in [
            ("*", true),
            ("https://a.example", true),
            ("http://localhost:3000", true),
            ("https://a.example/", false),
            ("https://a.example/x", false),
            ("a.example", false),
            ("null", false),
        ] {
            assert_eq!(Access::new(None, &[], &[origin.to_owned()]).is_ok(), fits, "{origin}");
        }
    }
}
