//! What this processor can do.

/// A set of vector instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Level {
    /// AVX-512 with dot products of bytes (VNNI) and of bf16: Zen 4, Sapphire Rapids and later.
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    /// AVX-512 with dot products of bytes: Ice Lake.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with FMA: nearly every x86-64 machine since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// NEON with dot products of bytes: nearly every 64-bit ARM since 2018.
    #[cfg(target_arch = "aarch64")]
    NeonDot,
    /// NEON: every 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
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
        #[cfg(target_arch = "aarch64")]
        {
            if std::arch::is_aarch64_feature_detected!("dotprod") {
                levels.push(Self::NeonDot);
            }
            levels.push(Self::Neon);
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
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => true,
            _ => false,
        }
    }

    /// The name that lists and benchmarks use.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => "avx512-vnni-bf16",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512-vnni",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => "neon-dotprod",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            Self::Portable => "portable",
        }
    }
}
