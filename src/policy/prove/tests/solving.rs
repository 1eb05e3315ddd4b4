//! The solver against the truth table.

use proptest::prelude::*;

use super::super::solver::{Answer, Lit, Solver, Try};

type Clauses = Vec<Vec<(usize, bool)>>;

fn lit((var, sign): (usize, bool)) -> Lit {
    if sign { Lit::of(var) } else { !Lit::of(var) }
}

fn holds(clauses: &Clauses, bits: usize) -> bool {
    clauses.iter().all(|clause| clause.iter().any(|(var, sign)| (bits >> var & 1 == 1) == *sign))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_answer_is_that_of_the_truth_table(
        clauses in proptest::collection::vec(proptest::collection::vec((0..8_usize, any::<bool>()), 1..4), 0..40),
        questions in proptest::collection::vec(proptest::collection::vec((0..8_usize, any::<bool>()), 0..5), 1..6),
    ) {
        let mut solver = Solver::new(u64::MAX);
        for _ in 0..8 {
            solver.variable(Try::False);
        }
        for clause in &clauses {
            solver.clause(&clause.iter().copied().map(lit).collect::<Vec<_>>());
        }
        let choices: Vec<usize> = (0..8).collect();
        // One after the other, so that what was learnt for one question meets the next.
        for question in questions {
            let assumed: Vec<Lit> = question.iter().copied().map(lit).collect();
            let units = |literals: &[(usize, bool)]| -> Clauses {
                clauses.iter().cloned().chain(literals.iter().map(|lit| vec![*lit])).collect()
            };
            let all = units(&question);
            let possible = (0..256).any(|bits| holds(&all, bits));
            match solver.solve(&assumed, &choices) {
                Answer::Possible => {
                    let bits = (0..8).filter(|var| solver.model(Lit::of(*var)) == Some(true)).map(|var| 1 << var).sum();
                    prop_assert!(holds(&all, bits));
                }
                Answer::Impossible(core) => {
                    prop_assert!(!possible);
                    let core: Vec<(usize, bool)> = core.iter().map(|lit| (lit.var(), !lit.is_negated())).collect();
                    prop_assert!(core.iter().all(|lit| question.contains(lit)));
                    let core = units(&core);
                    prop_assert!(!(0..256).any(|bits| holds(&core, bits)), "the core is possible");
                }
                Answer::Unsettled => prop_assert!(false, "unsettled"),
            }
        }
    }
}

/// Ten pigeons do not fit into nine holes, which takes such a solver very long to see.
#[test]
fn work_ends_when_it_is_used_up() {
    let mut solver = Solver::new(100_000);
    let place = |pigeon: usize, hole: usize| Lit::of(pigeon * 9 + hole);
    for _ in 0..90 {
        solver.variable(Try::False);
    }
    for pigeon in 0..10 {
        solver.clause(&(0..9).map(|hole| place(pigeon, hole)).collect::<Vec<_>>());
        for other in 0..pigeon {
            for hole in 0..9 {
                solver.clause(&[!place(pigeon, hole), !place(other, hole)]);
            }
        }
    }
    let choices: Vec<usize> = (0..90).collect();
    assert_eq!(solver.solve(&[], &choices), Answer::Unsettled);
    assert!(solver.effort() < 1_000_000, "{}", solver.effort());
}
