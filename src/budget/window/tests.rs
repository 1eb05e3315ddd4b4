//! Windows against the calendar.
