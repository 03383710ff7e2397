"""The process that can open the door: button, decision, strike, records. It never sees a pixel."""
