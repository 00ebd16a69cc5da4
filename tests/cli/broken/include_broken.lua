local common = include "syntax_error.lua"
return scenario {}
