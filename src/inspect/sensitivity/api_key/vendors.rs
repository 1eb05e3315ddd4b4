//! How the keys of known services look: a prefix, what may follow, how much of it. One line each;
//! written from the services' own documentation.

/// What may follow a prefix.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// Capital letters and digits.
    Upper,
    /// Small hexadecimal digits and hyphens.
    Hex,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Letters, digits, `-`, `_` and `.`.
    Dotted,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// The parts of an address.
    Path,
}

impl Body {
    pub(super) fn accepts(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'-'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Self::Path => byte.is_ascii_alphanumeric() || b"-_./~%?=&:".contains(&byte),
        }
    }
}

macro_rules! keys {
    ($($prefix:literal $body:ident $min:literal $max:literal)*) => {
        /// Prefixes in the order of [`SHAPES`].
        pub(super) const PREFIXES: &[&str] = &[$($prefix,)*];
        /// What follows each prefix and how long it is.
        pub(super) const SHAPES: &[(&str, Body, usize, usize)] = &[$(($prefix, Body::$body, $min, $max),)*];
    };
}

keys! {
    // Models: OpenAI (also sk-proj-), Anthropic (sk-ant-), DeepSeek, OpenRouter, Stability, Moonshot, DashScope
    "sk-" Url 20 220  "sess-" Alnum 40 60  "xai-" Alnum 60 100  "gsk_" Alnum 40 60  "pplx-" Alnum 40 60  "r8_" Alnum 37 40  "hf_" Alnum 30 40
    "api_org_" Alnum 34 34  "fw_" Alnum 24 40  "fk-" Url 40 60  "tgp_v1_" Url 40 50  "nvapi-" Url 60 80  "voyage-" Url 40 50  "pa-" Url 43 46  "jina_" Alnum 60 70  "tvly-" Url 32 40  "fc-" Hex 32 32  "cpk_" Dotted 60 120
    "lsv2_pt_" Url 40 50  "lsv2_sk_" Url 40 50  "ls__" Hex 32 32  "pcsk_" Url 60 80  "weaviate-" Alnum 40 60  "e2b_" Hex 40 40  "sk_sandbox_" Alnum 20 60  "bce-v3/" Path 40 120  "AIza" Url 35 35
    // Clouds: AWS, Google, Azure, Alibaba, Tencent, Huawei, Baidu, Volcengine, DigitalOcean, Cloudflare, Linode, Scaleway, Yandex, IBM
    "AKIA" Upper 16 16  "ASIA" Upper 16 16  "ABIA" Upper 16 16  "ACCA" Upper 16 16  "ABSK" Base64 100 140  "bedrock-api-key-" Base64 60 400  "ya29." Url 30 400  "GOCSPX-" Url 28 28  "1//0" Url 40 120  "LTAI" Alnum 12 24  "AKID" Alnum 32 32  "AKLT" Alnum 40 50
    "dop_v1_" Hex 64 64  "doo_v1_" Hex 64 64  "dor_v1_" Hex 64 64  "dapi" Hex 32 34  "v1.0-" Hex 100 200  "SCW" Upper 17 17  "AQVN" Url 35 40  "t1." Dotted 60 400  "ALTAK" Alnum 20 24  "fo1_" Url 43 43  "fm1r_" Base64 60 200  "fm2_" Base64 60 400  "rnd_" Alnum 28 40  "HRKU-" Url 30 70  "rw_" Alnum 40 60
    // Code: GitHub, GitLab, Bitbucket, Atlassian, npm, PyPI, RubyGems, NuGet, crates.io, Docker, CircleCI, Buildkite, JFrog, Sonar, Snyk, Sourcegraph
    "ghp_" Alnum 36 40  "gho_" Alnum 36 40  "ghu_" Alnum 36 40  "ghs_" Alnum 36 40  "ghr_" Alnum 36 80  "github_pat_" Url 60 100  "glpat-" Dotted 20 70  "gldt-" Url 20 64  "glptt-" Hex 40 40  "glrt-" Dotted 20 64  "glrtr-" Url 20 64  "glcbt-" Url 20 70
    "glagent-" Url 50 64  "gloas-" Hex 64 64  "glsoat-" Url 20 64  "glffct-" Url 20 64  "glimt-" Url 25 64  "glft-" Url 20 64  "GR1348941" Url 20 40  "ATATT3" Url 100 240  "ATCTT3" Url 60 240  "ATBB" Alnum 24 40  "BBDC-" Base64 40 50
    "npm_" Alnum 36 36  "pypi-" Url 60 400  "rubygems_" Hex 48 48  "oy2" Alnum 43 43  "cio" Alnum 32 32  "dckr_pat_" Url 20 60  "dckr_oat_" Url 20 60  "CCIPAT_" Url 40 80  "CCIPRJ_" Url 40 80  "bkua_" Hex 40 40  "bkct_" Url 40 60  "AKCp" Alnum 60 80  "cmVmd" Alnum 59 59
    "sqp_" Hex 40 40  "squ_" Hex 40 40  "sqa_" Hex 40 40  "sgp_" Url 40 80  "sntrys_" Url 60 400  "sntryu_" Hex 64 64  "snyk_" Url 30 80  "clojars_" Hex 60 60  "pul-" Hex 40 40  "tfe." Url 40 90  "atlasv1." Url 60 80  "glc_" Base64 40 400  "glsa_" Url 32 60  "eyJrIjoi" Base64 60 400
    "hvs." Url 24 200  "hvb." Url 100 400  "hvr." Url 24 200  "s.FnL" Alnum 20 30  "ops_ey" Base64 200 1200  "doppler_" Url 30 60  "dp.pt." Alnum 40 44  "dp.st." Dotted 40 90  "dp.ct." Alnum 40 44  "dp.sa." Alnum 40 44  "infisical_" Url 30 80  "AGE-SECRET-KEY-1" Upper 58 58
    // Chat and mail: Slack, Discord, Telegram, Twilio, SendGrid, Mailgun, Mailchimp, Postmark, Resend, Brevo, Loops, Intercom
    "xoxb-" Url 20 160  "xoxp-" Url 20 160  "xoxa-" Url 20 160  "xoxr-" Url 20 160  "xoxs-" Url 20 160  "xoxe-" Url 20 240  "xoxe." Dotted 20 240  "xoxc-" Url 20 160  "xoxd-" Path 20 240  "xapp-" Url 20 160  "xwfp-" Url 20 160
    "hooks.slack.com/services/" Path 30 80  "hooks.slack.com/workflows/" Path 30 120  "discord.com/api/webhooks/" Path 60 120  "discordapp.com/api/webhooks/" Path 60 120  "webhook.office.com/webhookb2/" Path 80 260  "oapi.dingtalk.com/robot/send?access_token=" Hex 60 64  "open.feishu.cn/open-apis/bot/v2/hook/" Hex 36 36  "qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" Hex 36 36
    "SG." Dotted 50 80  "SK0" Hex 31 31  "SK1" Hex 31 31  "SK2" Hex 31 31  "SK3" Hex 31 31  "SK4" Hex 31 31  "SK5" Hex 31 31  "SK6" Hex 31 31  "SK7" Hex 31 31  "SK8" Hex 31 31  "SK9" Hex 31 31  "SKa" Hex 31 31  "SKb" Hex 31 31  "SKc" Hex 31 31  "SKd" Hex 31 31  "SKe" Hex 31 31  "SKf" Hex 31 31  "key-" Hex 32 32  "pubkey-" Hex 32 32  "re_" Url 28 40  "xkeysib-" Url 70 100  "xsmtpsib-" Url 70 100  "mlsn." Hex 64 64  "md-" Url 22 22  "sib-" Hex 60 70
    // Money: Stripe, Square, PayPal, Braintree, Adyen, Razorpay, Plaid, Coinbase, Shopify, Paystack, Flutterwave, Mollie, GoCardless, Wise, Checkout
    "sk_live_" Alnum 20 120  "rk_live_" Alnum 20 120  "sk_prod_" Alnum 20 120  "whsec_" Base64 24 80  "sq0csp-" Url 40 50  "sq0atp-" Url 20 24  "sq0idp-" Url 20 24  "EAAA" Url 56 70  "access_token$production$" Hex 40 60  "rzp_live_" Alnum 14 24  "access-production-" Hex 36 36  "shpat_" Hex 32 32
    "shpca_" Hex 32 32  "shppa_" Hex 32 32  "shpss_" Hex 32 32  "FLWSECK-" Url 32 50  "live_" Alnum 30 40  "AQE" Base64 80 160  "EZAK" Alnum 54 54  "shippo_live_" Hex 40 40  "pdl_live_" Url 40 80  "lmsq_" Alnum 30 80  "ptr_live_" Alnum 20 60  "mk_live_" Alnum 20 80
    // Monitoring and data: Datadog, New Relic, Grafana, Sentry, Honeycomb, PostHog, Segment, Databricks, Snowflake, PlanetScale, Supabase, Neon, Turso, Upstash, Algolia, Elastic
    "NRAK-" Upper 27 27  "NRJS-" Hex 19 19  "NRII-" Url 32 32  "NRAA-" Hex 27 27  "NRRA-" Hex 42 42  "hcaik_" Alnum 58 64  "hcxik_" Alnum 58 64  "phx_" Alnum 40 60  "ddp_" Alnum 34 40  "sgp-" Url 40 70  "dt0c01." Dotted 80 100  "dt0s01." Dotted 80 120
    "pscale_tkn_" Dotted 32 64  "pscale_pw_" Dotted 32 64  "pscale_oauth_" Dotted 32 64  "sbp_" Hex 40 44  "sb_secret_" Url 30 60  "napi_" Alnum 50 70  "tskey-" Url 30 70  "tskey-auth-" Url 30 70  "essu_" Base64 40 100  "ntn_" Alnum 40 50  "secret_" Alnum 40 50  "dsapi" Hex 32 32
    // Tools: Notion, Figma, Linear, Airtable, Asana, Postman, HubSpot, Typeform, Contentful, Mapbox, Facebook, Twitter, Dropbox, Adobe, Zapier, Okta, Cloudinary, Netlify, Vercel, Prefect
    "figd_" Url 38 60  "figoh_" Url 38 60  "lin_api_" Alnum 32 60  "lin_oauth_" Hex 60 70  "patn" Dotted 70 90  "pat" Dotted 80 82  "PMAK-" Hex 50 70  "pat-na1-" Hex 36 36  "pat-eu1-" Hex 36 36  "tfp_" Dotted 40 80  "CFPAT-" Url 40 50  "sk.eyJ" Dotted 60 140  "tk.eyJ" Dotted 60 140
    "EAAC" Alnum 60 400  "EAAG" Alnum 60 400  "EAAB" Alnum 60 400  "AAAAAAAAAAAAAAAAAAAAA" Path 60 140  "sl.B" Url 60 1200  "sl.u." Url 60 1400  "p8e-" Alnum 32 32  "nfp_" Alnum 36 44  "vcp_" Alnum 24 60  "pnu_" Alnum 36 36  "pnb_" Alnum 36 36  "rdme_" Alnum 70 72  "duffel_live_" Url 43 43  "duffel_test_" Url 43 43
    "tok_" Alnum 40 80  "cal_live_" Hex 32 32  "sf_live_" Alnum 24 60  "api-live-" Alnum 24 60  "phc_prod_" Alnum 30 50  "gAAAAA" Url 60 400  "QVNT" Alnum 40 60  "ory_at_" Dotted 40 120  "ory_pat_" Alnum 30 60  "zpka_" Url 30 60  "0oa" Alnum 17 17  "SSWS 00" Url 38 40
    "kp_live_" Alnum 20 60  "ak_live_" Alnum 20 60  "bl_live_" Alnum 20 60  "prod_sk_" Alnum 20 60  "ek_live_" Alnum 20 80  "key_live_" Alnum 20 60  "SEC_live_" Alnum 20 60  "svc_live_" Alnum 20 60  "hookdeck_" Alnum 30 60  "trigger_prod_" Alnum 20 60  "tr_prod_" Alnum 20 40  "inngest_" Alnum 30 100
    "cf_live_" Alnum 20 60  "cfut_" Alnum 40 60  "cfat_" Alnum 40 60  "cfk_" Alnum 40 60  "waka_" Hex 36 36  "rpa_" Alnum 40 60  "apify_api_" Alnum 30 50  "sp_live_" Alnum 20 60  "beamer_" Url 40 60  "frameio-" Url 60 70  "fio-u-" Url 60 70  "lob_live_" Hex 30 40  "EZTK" Alnum 54 54  "maxmind_" Alnum 40 60
}
