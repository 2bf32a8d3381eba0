"""The screen: a Streamlit app on an open store. See README.md."""
