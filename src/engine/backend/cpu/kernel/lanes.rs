//! Sixteen numbers side by side, for kernels whose sums must stay in registers.

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::{
    float32x4_t, uint32x4_t, vaddq_f32, vandq_u32, vdupq_n_f32, vdupq_n_u32, vfmaq_f32, vld1_u16,
    vld1q_f32, vld1q_u32, vreinterpretq_f32_u32, vshll_n_u16, vshlq_n_u32, vst1q_f32,
};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _mm_loadu_si128, _mm256_add_ps, _mm256_and_si256, _mm256_castsi256_ps,
    _mm256_cvtepu16_epi32, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm512_add_ps, _mm512_and_si512,
    _mm512_castsi512_ps, _mm512_cvtepu16_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_set1_epi32, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps,
};

/// Sixteen f32. The methods are compiled into their callers, which are compiled for a level that has
/// the instructions: see [`super::rows::leveled`].
pub(in super::super) trait Lanes: Copy {
    /// Whether `madd` rounds once.
    const FUSED: bool;
    fn splat(number: f32) -> Self;
    fn load(numbers: &[f32; 16]) -> Self;
    /// Numbers of which only the upper half is stored.
    fn load_bf16(numbers: &[u16; 16]) -> Self;
    /// Words of two such numbers: the lower halves, and the upper ones.
    fn load_pairs(words: &[u32; 16]) -> (Self, Self);
    fn store(self, numbers: &mut [f32; 16]);
    fn add(self, other: Self) -> Self;
    /// `self + a · b`
    fn madd(self, a: Self, b: Self) -> Self;
}

impl Lanes for [f32; 16] {
    const FUSED: bool = cfg!(target_arch = "aarch64");

    #[inline(always)]
    fn splat(number: f32) -> Self {
        [number; 16]
    }

    #[inline(always)]
    fn load(numbers: &[f32; 16]) -> Self {
        *numbers
    }

    #[inline(always)]
    fn load_bf16(numbers: &[u16; 16]) -> Self {
        numbers.map(|number| f32::from_bits(u32::from(number) << 16))
    }

    #[inline(always)]
    fn load_pairs(words: &[u32; 16]) -> (Self, Self) {
        let first = words.map(|word| f32::from_bits(word << 16));
        (first, words.map(|word| f32::from_bits(word & 0xffff_0000)))
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32; 16]) {
        *numbers = self;
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for lane in 0..16 {
            self[lane] += other[lane];
        }
        self
    }

    #[inline(always)]
    fn madd(mut self, a: Self, b: Self) -> Self {
        for lane in 0..16 {
            self[lane] = if Self::FUSED {
                a[lane].mul_add(b[lane], self[lane])
            } else {
                a[lane] * b[lane] + self[lane]
            };
        }
        self
    }
}

// SAFETY of every block below: loads and stores stay inside the arrays that are borrowed, without
// assuming alignment; the instructions exist because only functions of the matching level, which
// `Level::available` names after asking the processor, call these methods.

#[cfg(target_arch = "x86_64")]
impl Lanes for __m512 {
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(number: f32) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_set1_ps(number) }
    }

    #[inline(always)]
    fn load(numbers: &[f32; 16]) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
    }

    #[inline(always)]
    fn load_bf16(numbers: &[u16; 16]) -> Self {
        // SAFETY: see above.
        unsafe {
            let halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(numbers.as_ptr().cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves))
        }
    }

    #[inline(always)]
    fn load_pairs(words: &[u32; 16]) -> (Self, Self) {
        // SAFETY: see above.
        unsafe {
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            let upper = _mm512_and_si512(words, _mm512_set1_epi32(0xffff_0000_u32 as i32));
            (_mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)), _mm512_castsi512_ps(upper))
        }
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32; 16]) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(numbers.as_mut_ptr(), self) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    fn madd(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }
}

/// Sixteen numbers in two registers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Two(__m256, __m256);

#[cfg(target_arch = "x86_64")]
impl Lanes for Two {
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(number: f32) -> Self {
        // SAFETY: see above.
        let all = unsafe { _mm256_set1_ps(number) };
        Self(all, all)
    }

    #[inline(always)]
    fn load(numbers: &[f32; 16]) -> Self {
        let (low, high) = numbers.split_at(8);
        // SAFETY: see above.
        unsafe { Self(_mm256_loadu_ps(low.as_ptr()), _mm256_loadu_ps(high.as_ptr())) }
    }

    #[inline(always)]
    fn load_bf16(numbers: &[u16; 16]) -> Self {
        let (low, high) = numbers.split_at(8);
        // SAFETY: see above.
        let widen = |numbers: &[u16]| unsafe {
            let halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(numbers.as_ptr().cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(halves))
        };
        Self(widen(low), widen(high))
    }

    #[inline(always)]
    fn load_pairs(words: &[u32; 16]) -> (Self, Self) {
        let (low, high) = words.split_at(8);
        // SAFETY: see above.
        let split = |words: &[u32]| unsafe {
            let words = _mm256_loadu_si256(words.as_ptr().cast());
            let upper = _mm256_and_si256(words, _mm256_set1_epi32(0xffff_0000_u32 as i32));
            (_mm256_castsi256_ps(_mm256_slli_epi32::<16>(words)), _mm256_castsi256_ps(upper))
        };
        let (low, high) = (split(low), split(high));
        (Self(low.0, high.0), Self(low.1, high.1))
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32; 16]) {
        let (low, high) = numbers.split_at_mut(8);
        // SAFETY: see above.
        unsafe {
            _mm256_storeu_ps(low.as_mut_ptr(), self.0);
            _mm256_storeu_ps(high.as_mut_ptr(), self.1);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn madd(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1)) }
    }
}

/// Sixteen numbers in four registers.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy)]
pub(super) struct Four([float32x4_t; 4]);

#[cfg(target_arch = "aarch64")]
impl Lanes for Four {
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(number: f32) -> Self {
        // SAFETY: see above.
        Self([unsafe { vdupq_n_f32(number) }; 4])
    }

    #[inline(always)]
    fn load(numbers: &[f32; 16]) -> Self {
        // SAFETY: see above; `at` is at most 12.
        Self([0, 4, 8, 12].map(|at| unsafe { vld1q_f32(numbers.as_ptr().add(at)) }))
    }

    #[inline(always)]
    fn load_bf16(numbers: &[u16; 16]) -> Self {
        // SAFETY: see above; `at` is at most 12.
        Self([0, 4, 8, 12].map(|at| unsafe {
            vreinterpretq_f32_u32(vshll_n_u16::<16>(vld1_u16(numbers.as_ptr().add(at))))
        }))
    }

    #[inline(always)]
    fn load_pairs(words: &[u32; 16]) -> (Self, Self) {
        // SAFETY: see above; `at` is at most 12.
        let words: [uint32x4_t; 4] =
            [0, 4, 8, 12].map(|at| unsafe { vld1q_u32(words.as_ptr().add(at)) });
        // SAFETY: see above.
        let lower = words.map(|word| unsafe { vreinterpretq_f32_u32(vshlq_n_u32::<16>(word)) });
        // SAFETY: see above.
        let upper = words.map(|word| unsafe {
            vreinterpretq_f32_u32(vandq_u32(word, vdupq_n_u32(0xffff_0000)))
        });
        (Self(lower), Self(upper))
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f32; 16]) {
        let (places, _) = numbers.as_chunks_mut::<4>();
        for (place, four) in places.iter_mut().zip(self.0) {
            // SAFETY: see above.
            unsafe { vst1q_f32(place.as_mut_ptr(), four) };
        }
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for (sum, other) in self.0.iter_mut().zip(other.0) {
            // SAFETY: see above.
            *sum = unsafe { vaddq_f32(*sum, other) };
        }
        self
    }

    #[inline(always)]
    fn madd(mut self, a: Self, b: Self) -> Self {
        for (sum, (a, b)) in self.0.iter_mut().zip(a.0.into_iter().zip(b.0)) {
            // SAFETY: see above.
            *sum = unsafe { vfmaq_f32(*sum, a, b) };
        }
        self
    }
}
