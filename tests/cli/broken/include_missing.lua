local common = include "no_such_file.lua"
return scenario {}
