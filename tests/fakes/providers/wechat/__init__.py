"""WeChat Pay simulated: `keys` of both sides, `words` it answers with, `statement` its bill, `simulator` the rest."""
