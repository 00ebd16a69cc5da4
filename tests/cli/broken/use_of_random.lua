local x = math.random()
return scenario {}
