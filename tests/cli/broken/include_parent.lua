local common = include "../../../lua/prices.lua"
return scenario {}
