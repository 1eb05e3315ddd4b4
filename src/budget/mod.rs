//! Money is promised before it is spent: limits, holds and their settlement.
