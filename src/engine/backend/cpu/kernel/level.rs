//! What this processor can do.

/// A set of vector instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Level {
    /// AVX-512 with dot products of bytes (VNNI) and of bf16: Zen 4, Sapphire Rapids and later.
    Avx512Bf16,
    /// AVX-512 with dot products of bytes: Ice Lake.
    Avx512,
    /// AVX2 with FMA: nearly every x86-64 machine since 2013.
    Avx2,
    /// What every processor of the architecture has.
    Portable,
}

impl Level {
    /// Every level that this processor can run, best first.
    pub(in super::super) fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            if avx512 && avx2 && is_x86_feature_detected!("avx512bf16") {
                levels.push(Self::Avx512Bf16);
            }
            if avx512 && avx2 {
                levels.push(Self::Avx512);
            }
            if avx2 {
                levels.push(Self::Avx2);
            }
        }
        levels.push(Self::Portable);
        levels
    }

    /// The best level of this processor. Decided by the processor alone: no environment variable
    /// changes what is computed.
    pub(in super::super) fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// Whether it has dot products of bf16.
    pub(super) const fn has_bf16(self) -> bool {
        matches!(self, Self::Avx512Bf16)
    }

    /// The name that lists and benchmarks use.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Avx512Bf16 => "avx512-vnni-bf16",
            Self::Avx512 => "avx512-vnni",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }
}
