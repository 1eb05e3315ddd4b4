//! How long a text is in model tokens, without a tokenizer.
