"""One-shot recognition: a network named on some alphabets tells new characters apart."""
