//! Log-probabilities for clients: of the token that was said and of the likeliest others.

/// A token with its log-probability at temperature 1, before penalties and constraints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct Ranked {
    pub(in crate::engine) id: u32,
    pub(in crate::engine) logprob: f32,
}

/// The `count` likeliest tokens, likeliest first; of equals the first.
pub(in crate::engine) fn likeliest(
    logits: &[f32],
    log_sum_exp: f32,
    count: usize,
    out: &mut Vec<Ranked>,
) {
    out.clear();
    if count == 0 {
        return;
    }
    let mut least = f32::NEG_INFINITY;
    for (id, logit) in (0..).zip(logits.iter().copied()) {
        if out.len() == count && logit <= least {
            continue;
        }
        let rank = out.partition_point(|other| other.logprob >= logit);
        out.truncate(count.saturating_sub(1));
        out.insert(rank.min(out.len()), Ranked { id, logprob: logit });
        least = out.last().map_or(least, |last| last.logprob);
    }
    for ranked in out {
        ranked.logprob -= log_sum_exp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_head_of_a_sorted_list(
            logits in prop::collection::vec(-3_i8..3, 0..40),
            count in 0_usize..6,
        ) {
            let logits: Vec<f32> = logits.into_iter().map(f32::from).collect();
            let mut out = Vec::new();
            likeliest(&logits, 1.0, count, &mut out);
            let mut all: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let expected = all.into_iter().take(count);
            let expected: Vec<_> =
                expected.map(|(id, logit)| Ranked { id, logprob: logit - 1.0 }).collect();
            prop_assert_eq!(out, expected);
        }
    }
}
